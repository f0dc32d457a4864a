//! What a command line asks for.

use std::ffi::OsString;

use crate::{
    Arguments,
    effect::{HARMLESS, HONOURED, SIGNING},
};

/// What a command line asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Call {
    /// A signature.
    Sign(Box<Signing>),
    /// Which secret keys there are.
    ListSecretKeys,
    /// Something that no enclave is needed for.
    Other,
}

/// A signature that is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signing {
    /// Its form.
    pub form: Form,
    /// Whether it is wanted in ASCII armor.
    pub armor: bool,
    /// Where it goes: a file, or `-`.
    pub output: Option<OsString>,
    /// Whether an older file may be replaced.
    pub replace: bool,
    /// Whose signature it is to be. Empty if nobody is named.
    pub users: Vec<OsString>,
    /// What is to be signed: files, or `-`. Empty for the standard input.
    pub inputs: Vec<OsString>,
    /// Where the lines of `--status-fd` or `--status-file` go.
    pub status: Option<StatusTo>,
    /// A hash algorithm that is wished for and is not SHA-512.
    pub other_digest: Option<OsString>,
    /// Options that an enclave cannot do, as they are called.
    pub obstacles: Vec<String>,
}

/// The form of a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// In a file of its own.
    Detached,
    /// Below its text, both readable.
    Clear,
    /// Around its data, maybe encrypted. No enclave makes these.
    Enclosing,
}

/// Where status lines go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StatusTo {
    /// An open file descriptor, as it was written.
    Descriptor(OsString),
    /// A file.
    File(OsString),
}

impl Call {
    /// Decides what is asked for.
    pub fn of(arguments: &Arguments) -> Self {
        let mut commands = arguments
            .options
            .iter()
            .map(|(meaning, _)| *meaning)
            .filter(|meaning| is_command(meaning));
        let Some(first) = commands.next() else {
            return Self::Other;
        };
        let rest: Vec<_> = commands.filter(|other| *other != first).collect();
        if first == "list-secret-keys" && rest.is_empty() {
            return Self::ListSecretKeys;
        }
        let signs = |command: &&str| SIGNING.contains(command);
        if !signs(&first) || !rest.iter().all(signs) {
            return Self::Other;
        }
        let has = |command: &str| first == command || rest.contains(&command);
        let makes_one = has("sign") || has("detach-sign") || has("clear-sign");
        let encrypts = has("encrypt") || has("symmetric");
        let form = match (has("detach-sign"), has("clear-sign")) {
            _ if !makes_one => return Self::Other,
            // A contradiction, which `gpg` can explain.
            (true, true) => return Self::Other,
            _ if encrypts => Form::Enclosing,
            (true, false) => Form::Detached,
            (false, true) => Form::Clear,
            (false, false) => Form::Enclosing,
        };
        Self::Sign(Box::new(Signing::new(form, arguments)))
    }
}

impl Signing {
    fn new(form: Form, arguments: &Arguments) -> Self {
        let last = |option: &'static str| arguments.values(option).last().cloned();
        let mut users: Vec<OsString> = arguments.values("local-user").cloned().collect();
        if users.is_empty() {
            users.extend(last("default-key"));
        }
        let mut signing = Self {
            form,
            armor: is_armored(arguments),
            output: last("output"),
            replace: arguments.has("yes"),
            users,
            inputs: arguments.names.clone(),
            status: last("status-file")
                .map(StatusTo::File)
                .or_else(|| last("status-fd").map(StatusTo::Descriptor)),
            other_digest: last("digest-algo").filter(|name| !is_sha512(name)),
            obstacles: Vec::new(),
        };
        signing.find_obstacles(arguments);
        signing
    }

    fn find_obstacles(&mut self, arguments: &Arguments) {
        let is_fine = |option: &str| {
            HARMLESS.contains(&option)
                || HONOURED.contains(&option)
                // A cleartext signature is one over a text, so it is no wish but a fact.
                || (option == "textmode" && self.form == Form::Clear)
        };
        for (option, _) in &arguments.options {
            if !is_fine(option) {
                self.obstacles.push(format!("--{option}"));
            }
        }
        for unknown in &arguments.unknown {
            self.obstacles.push(unknown.to_string_lossy().into_owned());
        }
        let reads_input = self.inputs.iter().all(|name| name == "-");
        if reads_input
            && arguments
                .values("passphrase-fd")
                .any(|number| number == "0")
        {
            // There the first line is a passphrase, which must not become a part of what is signed.
            let both = "--passphrase-fd 0 together with what is to be signed";
            self.obstacles.push(both.to_owned());
        }
        if self.inputs.len() > 1 {
            self.obstacles.push("more than one file".to_owned());
        }
    }
}

fn is_command(meaning: &str) -> bool {
    crate::options::Known::long(meaning)
        .is_ok_and(|option| option.kind == crate::options::Kind::Command)
}

fn is_armored(arguments: &Arguments) -> bool {
    arguments
        .options
        .iter()
        .rev()
        .find_map(|(option, _)| match *option {
            "armor" => Some(true),
            "no-armor" => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

/// As a name or as its number (RFC 9580 §9.5).
fn is_sha512(name: &OsString) -> bool {
    name.to_str()
        .is_some_and(|name| ["SHA512", "SHA-512", "H10"].contains(&&*name.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Call {
        let line: Vec<OsString> = line.split_ascii_whitespace().map(OsString::from).collect();
        Call::of(&Arguments::parse(&line))
    }

    #[track_caller]
    fn signing(line: &str) -> Signing {
        match call(line) {
            Call::Sign(signing) => *signing,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_packagers_call_is_understood() {
        let makepkg = signing("--detach-sign --use-agent -u KEY --no-armor story.pkg.tar.zst");
        assert_eq!(makepkg.form, Form::Detached);
        assert_eq!(makepkg.users, ["KEY"]);
        assert_eq!(makepkg.inputs, ["story.pkg.tar.zst"]);
        assert!(!makepkg.armor && makepkg.obstacles.is_empty());

        let git = signing("--status-fd=2 -bsau KEY");
        assert_eq!(git.status, Some(StatusTo::Descriptor("2".into())));
        assert!(git.armor && git.obstacles.is_empty() && git.inputs.is_empty());

        let rpm = signing(
            "--no-verbose --no-armor --no-secmem-warning --digest-algo=sha256 -u KEY -sbo a -- b",
        );
        assert_eq!(rpm.form, Form::Detached);
        assert_eq!(rpm.other_digest, Some("sha256".into()));
        assert_eq!(
            (rpm.output, rpm.inputs),
            (Some("a".into()), vec!["b".into()])
        );
        assert_eq!(rpm.obstacles, Vec::<String>::new());

        let debsign = signing(
            "--local-user KEY --clearsign --list-options no-show-policy-urls --armor --textmode \
             --output a.asc a",
        );
        assert_eq!(debsign.form, Form::Clear);
        assert_eq!(debsign.obstacles, Vec::<String>::new());

        let dpkg = signing(
            "--weak-digest SHA1 --weak-digest RIPEMD160 --utf8-strings --textmode --armor \
             --openpgp --personal-digest-preferences SHA512 --local-user KEY --output a.asc \
             --clearsign a",
        );
        assert_eq!(dpkg.form, Form::Clear);
        assert_eq!(dpkg.obstacles, Vec::<String>::new());

        assert_eq!(call("--list-secret-key KEY"), Call::ListSecretKeys);
        assert_eq!(call("--with-colons -K"), Call::ListSecretKeys);
    }

    #[test]
    fn what_is_not_about_signatures_is_left_to_gpg() {
        for line in [
            "",
            "file",
            "--version",
            "--verify a.sig a",
            "--status-fd=1 --keyid-format=long --verify a.sig -",
            "-e -r KEY a",
            "-c a",
            "-k",
            "--sign-key KEY",
            "-b --clearsign a",
            "-K --import",
        ] {
            assert_eq!(call(line), Call::Other, "{line}");
        }
    }

    #[test]
    fn what_an_enclave_cannot_do_is_named() {
        assert_eq!(
            signing("-b --sig-notation a@b=c --textmode --dry-run --signstar x").obstacles,
            ["--set-notation", "--textmode", "--dry-run", "--signstar"]
                .map(|option| option.replace("set-", "sig-"))
        );
        assert_eq!(signing("-b a b").obstacles, ["more than one file"]);
        assert_eq!(signing("-s a").form, Form::Enclosing);
        assert_eq!(signing("-se -r KEY a").form, Form::Enclosing);
    }

    #[test]
    fn a_passphrase_is_never_signed() {
        assert_eq!(signing("-b --passphrase-fd 0").obstacles.len(), 1);
        assert_eq!(signing("-b --passphrase-fd=0 -").obstacles.len(), 1);
        for line in [
            "-b --passphrase-fd 0 a",
            "-b --passphrase-fd 3",
            "-b --passphrase x",
        ] {
            assert_eq!(signing(line).obstacles, Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn the_last_word_counts() {
        assert!(signing("--no-armor -ab a").armor);
        assert!(!signing("-ab --no-armor a").armor);
        assert_eq!(signing("-b -o x --output y a").output, Some("y".into()));
        assert_eq!(signing("-b --default-key A a").users, ["A"]);
        assert_eq!(signing("-b --default-key A -u B -u C a").users, ["B", "C"]);
    }

    #[test]
    fn harmless_options_are_options() {
        for option in HARMLESS.iter().chain(HONOURED) {
            let known = crate::options::Known::long(option).expect("an option");
            assert_eq!(known.meaning, *option);
        }
    }
}
