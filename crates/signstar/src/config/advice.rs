//! What is allowed, and probably not meant.

use super::{
    AdministrativeCredentials, Config, Hsm, Identity, Log, Mistake, Role, document::Document,
};

struct Advice<'d, 't> {
    document: &'d Document<'t>,
    given: Vec<Mistake>,
}

impl Advice<'_, '_> {
    fn give(&mut self, place: &[&str], what: &str, hint: &str) {
        self.given.push(Mistake {
            line: self.document.line_of(place),
            place: place.join("."),
            what: what.to_owned(),
            hint: Some(hint.to_owned()),
        });
    }
}

/// All advice, in the order of the lines.
pub(super) fn advice(config: &Config, document: &Document<'_>) -> Vec<Mistake> {
    let mut advice = Advice {
        document,
        given: Vec::new(),
    };
    on_the_whole(config, &mut advice);
    on_hsms(config, &mut advice);
    on_keys(config, &mut advice);
    on_people(config, &mut advice);
    advice.given.sort();
    advice.given
}

fn on_the_whole(config: &Config, advice: &mut Advice<'_, '_>) {
    if config.log == Log::Unlogged {
        let hint = "write a table [log], unless this is for trying";
        advice.give(&["log"], "signatures leave without a public record", hint);
    }
    let kept = config.administration.as_ref().map(|all| &all.credentials);
    if let Some(AdministrativeCredentials::Plaintext) = kept {
        advice.give(
            &["administration", "credentials"],
            "whoever reads one file on this host has every HSM",
            "write \"shares\" or \"systemd-creds\", unless this is for trying",
        );
    }
}

fn on_hsms(config: &Config, advice: &mut Advice<'_, '_>) {
    for (name, hsm) in &config.hsms {
        if let Hsm::NetHsm(nethsm) = hsm
            && nethsm
                .devices()
                .iter()
                .any(|device| device.tls == "insecure")
        {
            advice.give(
                &["hsm", name.as_str()],
                "whoever is on the way to this HSM can pass for it",
                "write tls = \"pin:SHA256\" or \"ca:FILE\", unless this is for trying",
            );
        }
        if !config.keys.values().any(|key| key.hsm == *name) {
            let hint = "add a [key.NAME] with it, or leave the HSM out";
            advice.give(&["hsm", name.as_str()], "no key is in this HSM", hint);
        }
        let earlier = config.hsms.iter().take_while(|(other, _)| *other != name);
        for (other, _) in earlier.filter(|(_, other)| hsm.shares_a_device_with(other)) {
            advice.give(
                &["hsm", name.as_str()],
                &format!("[hsm.{other}] has one of its devices as well"),
                "describe each device once, so that only one table says how it is set",
            );
        }
    }
}

fn on_keys(config: &Config, advice: &mut Advice<'_, '_>) {
    let of_log = match &config.log {
        Log::Public(log) => log.key.as_ref(),
        Log::Unlogged => None,
    };
    for name in config.keys.keys().filter(|name| Some(*name) != of_log) {
        if !config.clients.values().any(|rules| rules.key == *name) {
            let hint = "add a [client.NAME] with it, or leave the key out";
            advice.give(&["key", name.as_str()], "no client has this key", hint);
        }
    }
}

fn on_people(config: &Config, advice: &mut Advice<'_, '_>) {
    let is_unix = config.identity == Identity::UnixUser;
    let mut login = |place: [&str; 2], keys: usize| match (is_unix, keys) {
        (true, 0) => advice.give(
            &place,
            "nobody can log in as this",
            "add `ssh-keys`, unless they are kept elsewhere",
        ),
        (false, 1..) => advice.give(
            &[place[0], place[1], "ssh-keys"],
            "nothing reads these",
            "with identity = \"authorized-keys\", the file authorized_keys is written by others",
        ),
        _ => {}
    };
    for (name, rules) in &config.clients {
        login(["client", name.as_str()], rules.ssh_keys.len());
    }
    for (name, user) in &config.users {
        login(["user", name.as_str()], user.ssh_keys.len());
    }
    for (name, rules) in &config.clients {
        if rules.outputs.is_empty() {
            let place = ["client", name.as_str(), "outputs"];
            let hint = "name a kind of signature, as \"OpenPGPv4\"";
            advice.give(&place, "it may have no signature at all", hint);
        }
    }
    for (name, user) in &config.users {
        let place = ["user", name.as_str(), "role"];
        match user.role {
            Role::Metrics if config.metrics.is_none() => {
                let hint = "add `metrics = \"PATH\"` at the top";
                advice.give(&place, "there is no folder with metrics", hint);
            }
            Role::ShareHolder if !config.holds_a_share(name) => {
                let hint = "add it to `holders` of [administration]";
                advice.give(&place, "it holds no share", hint);
            }
            _ => {}
        }
    }
}

impl Config {
    fn holds_a_share(&self, name: &super::UserName) -> bool {
        let kept = self.administration.as_ref().map(|all| &all.credentials);
        matches!(kept, Some(AdministrativeCredentials::Shares(sharing)) if sharing.holders.contains(name))
    }
}
