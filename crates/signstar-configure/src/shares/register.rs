//! Who holds which share of a set.

use serde::{Deserialize, Serialize};
use signstar::config::{Config, Sharing};
use signstar_shares::{Receipt, Recipient, Scheme};

use super::SharesError;

/// The holders of a set; the first has share 1. Nothing in it is secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    pub(super) holders: Vec<Held>,
}

/// A share and who holds it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    /// The user in the configuration.
    pub(super) holder: String,
    /// The SSH key that it is encrypted to.
    pub(super) key: String,
    /// What it has to be, in hexadecimal.
    receipt: String,
}

impl Held {
    pub(super) fn new(holder: String, key: &Recipient, receipt: &Receipt) -> Self {
        Self {
            holder,
            key: key.to_openssh(),
            receipt: receipt.to_string(),
        }
    }

    /// What the receipt of the share has to be.
    pub(super) fn receipt(&self) -> Option<Receipt> {
        self.receipt.parse().ok()
    }
}

impl Register {
    /// The names of all holders.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.holders.iter().map(|held| held.holder.as_str())
    }

    /// The number of the share of `holder`, and what is known of it.
    pub(super) fn of(&self, holder: &str) -> Option<(u8, &Held)> {
        (1..)
            .zip(&self.holders)
            .find(|(_, held)| held.holder == holder)
    }

    /// In which ways the configuration wants something else: a line for each.
    pub(super) fn differences(
        &self,
        scheme: Scheme,
        config: &Config,
        sharing: &Sharing,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        if scheme.threshold() != sharing.threshold {
            lines.push(format!(
                "{} shares open the credentials, and {} are to",
                scheme.threshold(),
                sharing.threshold
            ));
        }
        for holder in &sharing.holders {
            match self.of(holder.as_str()) {
                None => lines.push(format!("`{holder}` is to have a share")),
                Some((_, held)) => {
                    let user = config.users.get(holder);
                    let keys = user.into_iter().flat_map(|user| &user.ssh_keys);
                    let mut keys = keys.filter_map(|key| recipient(&key.to_string()));
                    if !keys.any(|key| key.to_openssh() == held.key) {
                        lines.push(format!(
                            "the share of `{holder}` is encrypted to an SSH key that it no longer has"
                        ));
                    }
                }
            }
        }
        for name in self.names() {
            if !sharing.holders.iter().any(|holder| holder.as_str() == name) {
                lines.push(format!("`{name}` is to have no share any more"));
            }
        }
        lines
    }
}

/// The keys that shares are encrypted to: of each holder the first that can decrypt.
pub(super) fn recipients(
    config: &Config,
    sharing: &Sharing,
) -> Result<Vec<(String, Recipient)>, SharesError> {
    let of = |holder: &signstar::config::UserName| {
        let user = config.users.get(holder)?;
        let mut keys = user.ssh_keys.iter();
        keys.find_map(|key| recipient(&key.to_string()))
    };
    let mut found = Vec::new();
    for holder in &sharing.holders {
        let key = of(holder).ok_or_else(|| {
            SharesError::Unfit(format!("no SSH key of [user.{holder}] can decrypt a share"))
        })?;
        found.push((holder.to_string(), key));
    }
    Ok(found)
}

fn recipient(line: &str) -> Option<Recipient> {
    Recipient::from_openssh(line).ok()
}
