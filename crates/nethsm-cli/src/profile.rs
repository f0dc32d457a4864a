//! Devices by name, with their users: `~/.config/nethsm/config.toml`.

mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use nethsm::call::Row;
use nethsm::client::{Tls, Url};
use nethsm::id::UserId;
use nethsm::user::UserRole;
use serde::Deserialize;

use self::written::Written;
use crate::failure::Failure;
use crate::passphrase::Source;

/// The file as a whole.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The profile that is used when none is named.
    default: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// A device or several with the same users and keys, and who is known there.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Profile {
    /// Where they are, at least one.
    pub(crate) urls: Vec<Url>,
    /// How they are recognised: one mode for all, or one for each.
    tls: Vec<Tls>,
    /// Who may be used; for each call the first one with a role that may make it.
    pub(crate) users: Vec<User>,
}

/// A user of a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: UserId,
    pub(crate) role: UserRole,
    #[serde(default)]
    pub(crate) passphrase: Source,
}

impl Profile {
    /// How these devices are recognised, which may be some of its own, by their places. The profile
    /// knows no other, but its authority may.
    pub(crate) fn modes(&self, urls: &[Url]) -> Vec<Tls> {
        if let [one] = self.tls.as_slice() {
            return vec![one.clone()];
        }
        let mode = |url: &Url| {
            let own = self.urls.iter().zip(&self.tls);
            let mut own = own.filter(|(own, _)| *own == url);
            own.next().map_or(Tls::System, |(_, tls)| tls.clone())
        };
        urls.iter().map(mode).collect()
    }

    /// The user that makes a call: the first that may, better one whose passphrase `is_known`.
    pub(crate) fn caller(&self, row: &Row, is_known: impl Fn(&&User) -> bool) -> Option<&User> {
        let may = |user: &&User| row.allows(user.role, user.name.origin());
        let mut callers = self.users.iter().filter(may);
        let first = callers.clone().next();
        callers.find(is_known).or(first)
    }

    /// The user of this name.
    pub(crate) fn user(&self, name: &UserId) -> Option<&User> {
        self.users.iter().find(|user| user.name == *name)
    }

    /// The profile of this name, or else the default one; nothing if there is none.
    pub(crate) fn load(name: Option<&str>) -> Result<Option<Self>, Failure> {
        let Some(path) = path() else {
            return Ok(None);
        };
        let config = match fs::read_to_string(&path) {
            Ok(text) => read(&path, &text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Config::default(),
            Err(error) => return Err(Failure::file("read", &path, &error)),
        };
        let Some(name) = name.or(config.default.as_deref()) else {
            return Ok(None);
        };
        match config.profiles.get(name) {
            Some(profile) => Ok(Some(profile.from(&path))),
            None => Err(Failure::local(
                format!("there is no profile {name} in {}", path.display()),
                match config
                    .profiles
                    .keys()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                {
                    names if names.is_empty() => format!("add [profiles.{name}] with a url"),
                    names => format!("there are: {}", names.join(", ")),
                },
            )),
        }
    }

    /// Files are named from the folder of the configuration, or from home with `~/`.
    fn from(&self, config: &Path) -> Self {
        let folder = config.parent().unwrap_or(Path::new(""));
        let place = |path: &Path| match path.strip_prefix("~") {
            Ok(rest) => home().unwrap_or_default().join(rest),
            Err(_) => folder.join(path),
        };
        let mut profile = self.clone();
        for tls in &mut profile.tls {
            if let Tls::CaFile(path) = tls {
                *path = place(path);
            }
        }
        for user in &mut profile.users {
            if let Source::File(path) = &mut user.passphrase {
                *path = place(path);
            }
        }
        profile
    }
}

fn read(path: &Path, text: &str) -> Result<Config, Failure> {
    toml::from_str(text).map_err(|error| {
        // Not the line itself: somebody may have written a passphrase into it.
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        Failure::local(
            format!(
                "cannot use {}, line {line}: {}",
                path.display(),
                error.message()
            ),
            "see `nethsm --help` for what may stand there",
        )
    })
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from)
}

fn path() -> Option<PathBuf> {
    let base = match env::var_os("XDG_CONFIG_HOME") {
        Some(base) if !base.is_empty() => PathBuf::from(base),
        _ => home()?.join(".config"),
    };
    Some(base.join("nethsm/config.toml"))
}

#[cfg(test)]
mod tests {
    use nethsm::call::Call;
    use nethsm::table::{GetKey, MakeKey, PutNamespace, Sign};

    use super::*;

    const TEXT: &str = r#"
        default = "build"

        [profiles.build]
        url = "https://hsm.example.org"
        tls = "ca:authority.pem"

        [[profiles.build.users]]
        name = "packages~admin"
        role = "Administrator"

        [[profiles.build.users]]
        name = "packager"
        role = "Operator"
        passphrase = { file = "packager.passphrase" }

        [[profiles.build.users]]
        name = "backup"
        role = "Backup"
        passphrase = { command = ["pass", "show", "hsm/backup"] }

        [[profiles.build.users]]
        name = "metrics"
        role = "Metrics"
        passphrase = "keyring"
    "#;

    #[test]
    fn each_call_has_the_user_that_may_make_it() {
        let config = read("config.toml".as_ref(), TEXT).expect("good");
        let profile = &config.profiles["build"];
        let caller = |row| {
            profile
                .caller(&row, |_| false)
                .map(|user| user.name.to_string())
        };
        assert_eq!(caller(MakeKey::ROW).as_deref(), Some("packages~admin"));
        assert_eq!(caller(Sign::ROW).as_deref(), Some("packager"));
        assert_eq!(caller(PutNamespace::ROW), None);
        let packager = |user: &&User| user.name.as_str() == "packager";
        let known = profile.caller(&GetKey::ROW, packager);
        assert_eq!(known.map(|user| user.name.as_str()), Some("packager"));
    }

    #[test]
    fn several_devices_are_recognised_each_or_all_alike() {
        let pins = ["0a", "0b"].map(|digits| format!("pin:{}", digits.repeat(32)));
        let profile = |tls: &str| {
            let text = format!("[profiles.a]\nurls = ['https://a', 'https://b']\ntls = {tls}");
            read("config.toml".as_ref(), &text).map(|mut config| config.profiles.remove("a"))
        };
        let modes = |tls: &str, urls: &[&str]| {
            let urls: Vec<_> = urls.iter().map(|url| url.parse().expect("good")).collect();
            let profile = profile(tls).expect("good").expect("there");
            let modes = profile.modes(&urls);
            modes.iter().map(Tls::to_string).collect::<Vec<_>>()
        };
        let [first, second] = &pins;
        let each = format!("['{first}', '{second}']");
        assert_eq!(modes(&each, &["https://a", "https://b"]), pins);
        assert_eq!(modes(&each, &["https://b"]), [second.as_str()]);
        assert_eq!(modes(&each, &["https://c"]), ["system"]);
        assert_eq!(modes("'insecure'", &["https://c"]), ["insecure"]);
        profile("['insecure', 'system', 'system']").expect_err("three for two");
    }

    #[test]
    fn files_are_beside_the_configuration() {
        let config = read("config.toml".as_ref(), TEXT).expect("good");
        let profile = config.profiles["build"].from("/etc/nethsm/config.toml".as_ref());
        assert_eq!(profile.tls[0].to_string(), "ca:/etc/nethsm/authority.pem");
        assert_eq!(
            profile.users[1].passphrase,
            Source::File("/etc/nethsm/packager.passphrase".into())
        );
    }

    #[test]
    fn a_passphrase_cannot_stand_in_the_configuration() {
        for wrong in [
            "[profiles.a]\nurl = 'https://h'\nusers = [{name='u', role='Operator', passphrase='correct horse'}]",
            "[profiles.a]\nurl = 'https://h'\ncolour = 'red'",
            "[profiles.a]\nurl = 'http://h'",
            "[profiles.a]\ntls = 'insecure'",
            "[profiles.a]\nurls = []",
            "[profiles.a]\nurl = 'https://h'\nurls = ['https://h']",
        ] {
            let failure = read("config.toml".as_ref(), wrong).expect_err(wrong);
            assert_eq!(failure.kind, crate::failure::Kind::Local);
            assert!(!failure.what.contains("correct horse"), "{}", failure.what);
        }
    }
}
