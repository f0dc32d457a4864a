//! A command line, read as `gpg` reads it.

use std::{ffi::OsString, os::unix::ffi::OsStrExt, os::unix::ffi::OsStringExt};

use crate::options::{Kind, Known};

/// A command line of `gpg`.
///
/// Options end at the first argument that is none, or at `--`: `gpg` has it so too.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Arguments {
    /// The options, by the one name of what they mean, with their values.
    pub options: Vec<(&'static str, Option<OsString>)>,
    /// What is not understood here. `gpg` may be of a newer version.
    pub unknown: Vec<OsString>,
    /// Files, or names of keys.
    pub names: Vec<OsString>,
    /// How many arguments stand before the names.
    pub names_begin: usize,
}

impl Arguments {
    /// Reads a command line, without the name of the program.
    pub fn parse(line: &[OsString]) -> Self {
        let mut parsed = Self::default();
        let mut rest = line.iter();
        while let Some(argument) = rest.as_slice().first() {
            let octets = argument.as_bytes();
            let follower = match octets {
                b"--" => {
                    rest.next();
                    break;
                }
                [b'-', b'-', long @ ..] => {
                    rest.next();
                    parsed.long(argument, long)
                }
                [b'-', letters @ ..] if !letters.is_empty() => {
                    rest.next();
                    parsed.short(argument, letters)
                }
                _ => break,
            };
            match follower {
                Some((meaning, Kind::Optional)) if next_is_option(rest.as_slice()) => {
                    parsed.options.push((meaning, None));
                }
                Some((meaning, kind)) => match rest.next() {
                    Some(value) => parsed.options.push((meaning, Some(value.clone()))),
                    None if kind == Kind::Optional => parsed.options.push((meaning, None)),
                    None => parsed.unknown.push(argument.clone()),
                },
                None => {}
            }
        }
        parsed.names = rest.as_slice().to_vec();
        parsed.names_begin = line.len() - parsed.names.len();
        parsed
    }

    /// Reads `--NAME` or `--NAME=VALUE`, and returns what a value has to follow.
    fn long(&mut self, argument: &OsString, long: &[u8]) -> Option<(&'static str, Kind)> {
        let mut parts = long.splitn(2, |octet| *octet == b'=');
        let name = std::str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
        let value = parts.next();
        let Ok(Known { kind, meaning, .. }) = Known::long(name) else {
            self.unknown.push(argument.clone());
            return None;
        };
        match (kind, value) {
            (Kind::Command | Kind::Flag, None) => self.options.push((meaning, None)),
            (Kind::Command | Kind::Flag, Some(_)) => self.unknown.push(argument.clone()),
            (Kind::Value | Kind::Optional, None) => return Some((meaning, kind)),
            (Kind::Value | Kind::Optional, Some(value)) => {
                let value = OsString::from_vec(value.to_vec());
                self.options.push((meaning, Some(value)));
            }
        }
        None
    }

    /// Reads `-abc` or `-uVALUE`, and returns what a value has to follow.
    fn short(&mut self, argument: &OsString, letters: &[u8]) -> Option<(&'static str, Kind)> {
        for (place, letter) in letters.iter().enumerate() {
            let Some(Known { kind, meaning, .. }) = Known::short(char::from(*letter)) else {
                self.unknown.push(argument.clone());
                return None;
            };
            if matches!(kind, Kind::Command | Kind::Flag) {
                self.options.push((meaning, None));
                continue;
            }
            let value = letters.get(place + 1..).unwrap_or_default();
            if value.is_empty() {
                return Some((meaning, kind));
            }
            let value = OsString::from_vec(value.to_vec());
            self.options.push((meaning, Some(value)));
            return None;
        }
        None
    }

    /// Whether `option` is given.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == option)
    }

    /// The values of `option`, in their order.
    pub fn values<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a OsString> {
        self.options
            .iter()
            .filter(move |(name, _)| *name == option)
            .filter_map(|(_, value)| value.as_ref())
    }
}

fn next_is_option(rest: &[OsString]) -> bool {
    rest.first()
        .is_some_and(|next| next.len() > 1 && next.as_bytes().starts_with(b"-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options as `name` or `name=value`, then what is unknown behind `?`, then the names.
    fn read(line: &str) -> String {
        let line: Vec<OsString> = line.split_ascii_whitespace().map(OsString::from).collect();
        let parsed = Arguments::parse(&line);
        assert_eq!(parsed.names, line[parsed.names_begin..]);
        let option = |(name, value): &(&str, Option<OsString>)| match value {
            Some(value) => format!("{name}={}", value.display()),
            None => (*name).to_owned(),
        };
        let unknown = |argument: &OsString| format!("?{}", argument.display());
        let name = |name: &OsString| format!(":{}", name.display());
        let mut words: Vec<String> = parsed.options.iter().map(option).collect();
        words.extend(parsed.unknown.iter().map(unknown));
        words.extend(parsed.names.iter().map(name));
        words.join(" ")
    }

    #[test]
    fn letters_stand_together() {
        assert_eq!(
            read("--status-fd=2 -bsau KEY"),
            "status-fd=2 detach-sign sign armor local-user=KEY"
        );
        assert_eq!(
            read("-bsauKEY -o- file"),
            "detach-sign sign armor local-user=KEY output=- :file"
        );
        assert_eq!(
            read("--no-armor -sbo out -- -file"),
            "no-armor sign detach-sign output=out :-file"
        );
    }

    #[test]
    fn a_value_may_look_like_an_option() {
        assert_eq!(
            read("-u -b --output --yes x"),
            "local-user=-b output=--yes :x"
        );
        assert_eq!(read("--local-user=a=b"), "local-user=a=b");
        assert_eq!(read("--passphrase -b"), "passphrase detach-sign");
        assert_eq!(read("--passphrase x -b"), "passphrase=x detach-sign");
    }

    #[test]
    fn options_end_at_the_first_name() {
        assert_eq!(read("-b file --armor"), "detach-sign :file :--armor");
        assert_eq!(read("--verify - -"), "verify :- :-");
        assert_eq!(read("-b --"), "detach-sign");
    }

    #[test]
    fn what_gpg_would_not_understand_is_unknown() {
        for bad in [
            "--signstar",
            "--armor=x",
            "--no-a",
            "-bQ",
            "--output",
            "-u",
            "--=",
        ] {
            assert!(read(bad).contains('?'), "{bad}: {}", read(bad));
        }
    }
}
