//! Who may change what: thresholds that can be met.

use super::suggestion;
use crate::config::{AdministrativeCredentials, Config, Role, Sharing, document::Document};

/// The most shares of a set (spec/shares.md).
const MAX_HOLDERS: usize = 16;

pub(super) fn check(config: &Config, document: &mut Document<'_>) {
    let Some(administration) = &config.administration else {
        return;
    };
    if let AdministrativeCredentials::Shares(sharing) = &administration.credentials {
        the_threshold_can_be_met(sharing, document);
        holders_can_hold(config, sharing, document);
    }
}

fn the_threshold_can_be_met(sharing: &Sharing, document: &mut Document<'_>) {
    let Sharing {
        threshold, holders, ..
    } = sharing;
    let place = ["administration", "threshold"];
    if *threshold < 2 {
        document.mistake(
            &place,
            format!("with {threshold}, one person alone has everything"),
            Some("write at least 2, or keep the credentials in \"systemd-creds\"".to_owned()),
        );
    }
    if usize::from(*threshold) > holders.len() {
        document.mistake(
            &place,
            format!(
                "{threshold} of {} holders can never come together",
                holders.len()
            ),
            Some("write a lower one, or add holders".to_owned()),
        );
    }
    if holders.len() > MAX_HOLDERS {
        let what = format!("there are {} holders", holders.len());
        let hint = Some(format!("at most {MAX_HOLDERS} can hold a share"));
        document.mistake(&["administration", "holders"], what, hint);
    }
}

fn holders_can_hold(config: &Config, sharing: &Sharing, document: &mut Document<'_>) {
    let is_holder = |role: &Role| matches!(role, Role::ShareHolder);
    let place = ["administration", "holders"];
    for (n, holder) in sharing.holders.iter().enumerate() {
        if sharing.holders.iter().take(n).any(|other| other == holder) {
            let what = format!("`{holder}` stands here twice");
            let hint = Some("each holder has one share".to_owned());
            document.mistake(&place, what, hint);
            continue;
        }
        let Some(user) = config.users.get(holder) else {
            if !document.has(["user", holder.as_str()]) {
                let known = config.users.iter();
                let known = known.filter(|(_, user)| is_holder(&user.role));
                let hint = suggestion(holder.as_str(), known.map(|(name, _)| name.as_str()));
                document.mistake(&place, format!("there is no [user.{holder}]"), hint);
            }
            continue;
        };
        let there = ["user", holder.as_str()];
        if !is_holder(&user.role) {
            document.mistake(
                &[there[0], there[1], "role"],
                format!(
                    "a holder of a share has not the role `{}`",
                    user.role.as_str()
                ),
                Some("write role = \"share-holder\"".to_owned()),
            );
        } else if !user.ssh_keys.iter().any(crate::config::SshKey::can_decrypt) {
            document.mistake(
                &[there[0], there[1], "ssh-keys"],
                "none of its SSH keys can decrypt a share".to_owned(),
                Some("add one of the type ssh-ed25519 (`ssh-keygen -t ed25519`)".to_owned()),
            );
        }
    }
}
