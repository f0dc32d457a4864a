//! The secret keys, as `gpg --list-secret-keys` shows them.

use std::fmt::Write;

use jiff::Timestamp;

use crate::{Enclave, key::Component};

/// The key of `enclave` for a person.
pub(crate) fn plain(enclave: &Enclave) -> String {
    let key = enclave.key();
    let mut text = String::new();
    for (place, component) in key.components.iter().enumerate() {
        // `>` says that the secret is elsewhere, as on a card.
        let (kind, usage) = kind(place, "sec>  ", "ssb>  ");
        let line = format!("{kind}{} {} [{usage}]\n", name(component), date(component));
        text.push_str(&line);
        if place > 0 {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "      {}", component.fingerprint);
        if let Some(destination) = enclave.destination() {
            let _ = writeln!(text, "      Signstar enclave = {}", destination.as_str());
        }
        for user_id in &key.user_ids {
            let _ = writeln!(text, "uid           {user_id}");
        }
    }
    text.push('\n');
    text
}

/// The key of `enclave` for a program (`--with-colons`, `DETAILS` of GnuPG's documentation).
pub(crate) fn colons(enclave: &Enclave) -> String {
    let key = enclave.key();
    let mut text = String::new();
    for (place, component) in key.components.iter().enumerate() {
        let (kind, usage) = kind(place, "sec", "ssb");
        // The fifteenth field says that the secret is at hand.
        let _ = writeln!(
            text,
            "{kind}:u:{bits}:{algorithm}:{id}:{created}:::{trust}:::{usage}:::+::{curve}:::0:",
            bits = component.bits,
            algorithm = component.algorithm,
            id = component.key_id(),
            created = component.created_seconds(),
            trust = if place == 0 { "u" } else { "" },
            usage = colon_usage(place, usage),
            curve = component.curve,
        );
        let _ = writeln!(text, "fpr:::::::::{}:", component.fingerprint);
        if place > 0 {
            continue;
        }
        for user_id in &key.user_ids {
            let _ = writeln!(
                text,
                "uid:u::::{}::::{}::::::::::0:",
                component.created_seconds(),
                escaped(user_id)
            );
        }
    }
    text
}

fn kind(place: usize, primary: &'static str, subkey: &'static str) -> (&'static str, &'static str) {
    if place == 0 {
        (primary, "SC")
    } else {
        (subkey, "S")
    }
}

/// Small letters are what a key may do, large ones what the certificate may.
fn colon_usage(place: usize, usage: &str) -> String {
    if place == 0 {
        "scSC".to_owned()
    } else {
        usage.to_lowercase()
    }
}

fn name(component: &Component) -> String {
    if component.curve.is_empty() {
        format!("rsa{}", component.bits)
    } else {
        component.curve.to_owned()
    }
}

fn date(component: &Component) -> String {
    Timestamp::try_from(component.created)
        .map(|created| created.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

/// Colons and control characters as `\xNN`, as `gpg` has them.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        if char == ':' || char == '\\' || char.is_ascii_control() {
            let _ = write!(escaped, "\\x{:02x}", u32::from(char));
        } else {
            escaped.push(char);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_stays_in_its_field() {
        assert_eq!(escaped("a:b\\c\n"), "a\\x3ab\\x5cc\\x0a");
        assert_eq!(escaped("Größe <a@b>"), "Größe <a@b>");
    }
}
