//! The log, and the key that signs its checkpoints.

use super::suggestion;
use crate::config::{Config, KeyName, Log, PublicLog, document::Document};

pub(super) fn check(config: &Config, document: &mut Document<'_>) {
    let Log::Public(log) = &config.log else {
        policies_need_a_log(config, document);
        return;
    };
    the_key_is_nobody_elses(config, log, document);
}

fn policies_need_a_log(config: &Config, document: &mut Document<'_>) {
    for (name, _) in (config.keys.iter()).filter(|(_, key)| key.log_policy.is_some()) {
        document.mistake(
            &["key", name.as_str(), "log-policy"],
            "nothing is logged".to_owned(),
            Some("write a table [log], or leave this out".to_owned()),
        );
    }
}

/// What a client asks for is signed as it comes; a checkpoint could be made to look like it, or it
/// like a checkpoint. So the key of the log is nobody's, under whatever names it stands in the
/// configuration.
fn the_key_is_nobody_elses(config: &Config, log: &PublicLog, document: &mut Document<'_>) {
    let Some(name) = &log.key else {
        return;
    };
    let Some(key) = config.keys.get(name) else {
        if !document.has(["key", name.as_str()]) {
            let hint = suggestion(name.as_str(), config.keys.keys().map(KeyName::as_str));
            document.mistake(&["log", "key"], format!("there is no [key.{name}]"), hint);
        }
        return;
    };
    let client = (config.clients.iter()).find(|(_, rules)| rules.key == *name);
    let mut others = config.keys.iter();
    let other = others.find(|(other, also)| *other != name && config.is_same_key(key, also));
    let signs = key.is_for_openpgp() || key.ssh_namespace.is_some() || key.raw.is_some();
    let what = match (client, other, signs) {
        (Some((client, _)), ..) => format!("[client.{client}] has the key of the log"),
        (_, Some((other, _)), _) => format!("[key.{other}] is the same key"),
        (.., true) => "the key of the log has a certificate, an ssh-namespace or `raw`".to_owned(),
        (None, None, false) => return,
    };
    document.mistake(
        &["log", "key"],
        what,
        Some("a key that signs checkpoints can be used for nothing else".to_owned()),
    );
}
