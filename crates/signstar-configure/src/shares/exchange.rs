//! The forced command of a holder: its own share, out and in.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    path::Path,
};

use signstar::config::{Config, Role, UserName};
use signstar_shares::{Receipt, Share};

use super::{
    Refused, SharesError,
    facts::{Fact, Facts, State},
    file::{open_of, secret, text},
    layout::Layout,
    uploads,
    waiting::host,
};
use crate::{configuration::configuration, identity::identity, journal::Journal};

/// What a holder can ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wish {
    Download,
    DownloadInForce,
    Upload,
    Status,
    Help,
}

impl Wish {
    /// Exactly one of these, letter by letter.
    fn of(asked: Option<&OsStr>) -> Result<Self, Refused> {
        Ok(match asked.and_then(OsStr::to_str) {
            Some("download") => Self::Download,
            Some("download in-force") => Self::DownloadInForce,
            Some("upload") => Self::Upload,
            Some("status") => Self::Status,
            Some("help") => Self::Help,
            _ => return Err(Refused::Command),
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::DownloadInForce => "download in-force",
            Self::Upload => "upload",
            Self::Status => "status",
            Self::Help => "help",
        }
    }
}

/// Does what a holder asks for over SSH, if the user of this session is one.
///
/// `config` is the configuration to use in place of the usual one; `user` is what the command line
/// says about the user, which counts only where the configuration lets it; `asked` is the command
/// that came over SSH. An upload is read from the standard input.
pub fn exchange(
    config: Option<&Path>,
    user: Option<UserName>,
    asked: Option<&OsStr>,
) -> Result<(), Refused> {
    super::guard();
    let config = configuration(config)?;
    let user = identity(&config, user)?;
    let mut journal = Journal::open(&config.journal)?;
    let wish = Wish::of(asked);
    let name = wish.as_ref().map_or("none", |wish| wish.as_str());
    let done = wish.and_then(|wish| answer(&config, &user, wish));
    journal.exchanged(&user, name, &done);
    done
}

fn answer(config: &Config, user: &UserName, wish: Wish) -> Result<(), Refused> {
    let is_holder = config.users.get(user).map(|user| &user.role) == Some(&Role::ShareHolder);
    let Some((layout, _)) = Layout::of(config).filter(|_| is_holder) else {
        return Err(Refused::NotPermitted);
    };
    let own = layout.own(user.as_str());
    let facts = Facts::read(&own)?;
    let said = match wish {
        Wish::Help => help(user),
        Wish::Status => status(&layout, user, &facts),
        Wish::Upload => upload(&layout, user, &facts)?,
        Wish::Download => download(&own, facts.sets.last())?,
        Wish::DownloadInForce => {
            let in_force = |fact: &&Fact| fact.state == State::InForce;
            download(&own, facts.sets.iter().find(in_force))?
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(said.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Refused::Host(crate::Error::Output(error)))
}

fn download(own: &Path, fact: Option<&Fact>) -> Result<String, Refused> {
    let path = own.join(format!("{}.age", fact.ok_or(Refused::NoShare)?.set));
    let sealed = text(&path).map_err(SharesError::file(&path))?;
    sealed.ok_or(Refused::NoShare)
}

fn upload(layout: &Layout, user: &UserName, facts: &Facts) -> Result<String, Refused> {
    if facts.sets.is_empty() {
        return Err(Refused::NoShare);
    }
    // Without a buffer that nobody erases.
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    let stdin = stdin.map(File::from);
    let octets = stdin.and_then(secret).map_err(SharesError::file("stdin"))?;
    let octets = octets.ok_or(Refused::TooLong)?;
    let text = std::str::from_utf8(&octets).map_err(|_| Refused::NotText)?;
    let share = Share::read(text)?;
    let set = share.set_id().to_string();
    let fact = facts.sets.iter().find(|fact| fact.set == set);
    let fact = fact.ok_or_else(|| Refused::OtherSet {
        share: share.index(),
        set: set.clone(),
    })?;
    if share.index() != fact.share {
        return Err(Refused::NotYours {
            share: share.index(),
            own: fact.share,
        });
    }
    if fact.receipt.parse::<Receipt>().ok() != Some(share.receipt()) {
        return Err(Refused::Forged(fact.share));
    }
    let folder = layout.upload(user.as_str());
    let known = is_there(layout, user, &set);
    uploads::put(&folder, &share).map_err(SharesError::file(&folder))?;
    Ok(match known {
        true => format!("share {} of the set {set} was there already\n", fact.share),
        false => format!(
            "share {} of the set {set} is there; it is erased when the ceremony ends\n\
             {} shares open the credentials\n",
            fact.share, fact.scheme
        ),
    })
}

/// Whether the own share of that set is there.
fn is_there(layout: &Layout, user: &UserName, set: &str) -> bool {
    let path = layout.upload(user.as_str()).join(set);
    let owner = layout.owner(user.as_str());
    let opened = owner.map(|owner| open_of(&path, owner));
    matches!(opened, Some(Ok(Some(_))))
}

fn status(layout: &Layout, user: &UserName, facts: &Facts) -> String {
    let mut said = String::new();
    for fact in &facts.sets {
        let state = match fact.state {
            State::InForce => "it is in force",
            State::Waiting => "its holders have to confirm that they can read their shares",
        };
        said.push_str(&format!(
            "you hold share {} of the set {}\n    {} shares open it; {state}\n",
            fact.share, fact.set, fact.scheme
        ));
        let missing = fact.holders.iter();
        let missing: Vec<_> = missing
            .filter(|holder| !fact.confirmed.contains(holder))
            .cloned()
            .collect();
        said.push_str(&match (fact.confirmed.is_empty(), missing.is_empty()) {
            (_, true) => "    confirmed by all holders\n".to_owned(),
            (true, _) => "    confirmed by nobody yet\n".to_owned(),
            _ => format!(
                "    confirmed by {}; not yet by {}\n",
                fact.confirmed.join(", "),
                missing.join(", ")
            ),
        });
        said.push_str(match is_there(layout, user, &fact.set) {
            true => "    your share is here, until the ceremony ends\n",
            false => "    your share is not here\n",
        });
    }
    if said.is_empty() {
        said.push_str("there is no share of yours on this host yet\n");
    }
    said
}

fn help(user: &UserName) -> String {
    let there = format!("{user}@{}", host());
    format!(
        "ssh {there} download           your share, encrypted to your SSH key: the newest one\n\
         ssh {there} download in-force  the one that is in force while newer ones are confirmed\n\
         ssh {there} upload             your share, decrypted, on the standard input\n\
         ssh {there} status             what is waited for\n\
         ssh {there} help               this\n\
         \n\
         All at once:\n\
         ssh {there} download | age -d -i ~/.ssh/id_ed25519 | ssh {there} upload\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_taken_letter_by_letter() {
        let of = |text: &str| Wish::of(Some(OsStr::new(text)));
        for wish in [
            Wish::Download,
            Wish::DownloadInForce,
            Wish::Upload,
            Wish::Status,
            Wish::Help,
        ] {
            assert!(of(wish.as_str()).is_ok_and(|found| found == wish));
        }
        for bad in [
            "",
            " upload",
            "upload ",
            "Upload",
            "upload; id",
            "download  in-force",
            "sh",
        ] {
            assert!(matches!(of(bad), Err(Refused::Command)), "{bad}");
        }
        assert!(matches!(Wish::of(None), Err(Refused::Command)));
    }
}
