//! The tree of commands, and which calls each of them may make.

use clap::{Args, Command, Subcommand};
use nethsm::call::{Call, Callers, Row};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::session::Session;

/// A command at a leaf of the tree.
pub(crate) trait Verb {
    /// Does it.
    fn run(&self, session: &Session) -> Result<Answer, Failure>;
}

/// Says that a verb makes a call. A [`Session`] makes no others for it, so what the tree says
/// about rows of the table is what happens.
pub(crate) trait Makes<C: Call> {}

/// A command that holds others.
pub(crate) trait Noun {
    /// Does what was asked for below it.
    fn run(&self, session: &Session) -> Result<Answer, Failure>;

    /// Adds the verbs below it, which are reached by `words` and their own.
    fn reach(words: &[String], into: &mut Vec<Reach>);
}

/// A verb: how it is reached, and the calls it makes.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) words: Vec<String>,
    pub(crate) rows: &'static [Row],
}

/// A noun whose verb may be left out.
#[derive(Args, Debug)]
pub(crate) struct OrDefault<V: Subcommand> {
    #[command(subcommand)]
    verb: Option<V>,
}

impl<V: Noun + Default + Subcommand> Noun for OrDefault<V> {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        match &self.verb {
            Some(verb) => verb.run(session),
            None => V::default().run(session),
        }
    }

    fn reach(words: &[String], into: &mut Vec<Reach>) {
        V::reach(words, into);
    }
}

/// Declares a noun: its verbs with their calls, then the nouns that it holds, then those among
/// them whose verb may be left out.
macro_rules! noun {
    (
        $(#[$meta:meta])*
        $noun:ident {
            $( $(#[$verb_meta:meta])* $verb:ident: [$($call:ident),*], )*
        }
        $( holding { $( $(#[$inner_meta:meta])* $inner:ident, )+ } )?
        $( defaulting { $( $(#[$lazy_meta:meta])* $lazy:ident, )+ } )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum $noun {
            $( $(#[$verb_meta])* $verb($verb), )*
            $( $( $(#[$inner_meta])* #[command(subcommand)] $inner($inner), )+ )?
            $( $( $(#[$lazy_meta])* $lazy($crate::noun::OrDefault<$lazy>), )+ )?
        }

        impl $crate::noun::Noun for $noun {
            fn run(
                &self,
                session: &$crate::session::Session,
            ) -> Result<$crate::answer::Answer, $crate::failure::Failure> {
                match self {
                    $( Self::$verb(verb) => $crate::noun::Verb::run(verb, session), )*
                    $( $( Self::$inner(noun) => $crate::noun::Noun::run(noun, session), )+ )?
                    $( $( Self::$lazy(noun) => $crate::noun::Noun::run(noun, session), )+ )?
                }
            }

            fn reach(words: &[String], into: &mut Vec<$crate::noun::Reach>) {
                $( into.push($crate::noun::Reach {
                    words: $crate::noun::below(words, stringify!($verb)),
                    rows: &[$( <nethsm::table::$call as nethsm::call::Call>::ROW ),*],
                }); )*
                $( $( <$inner as $crate::noun::Noun>::reach(
                    &$crate::noun::below(words, stringify!($inner)),
                    into,
                ); )+ )?
                $( $( <$lazy as $crate::noun::Noun>::reach(
                    &$crate::noun::below(words, stringify!($lazy)),
                    into,
                ); )+ )?
            }
        }

        $( $( impl $crate::noun::Makes<nethsm::table::$call> for $verb {} )* )*
    };
}

pub(crate) use noun;

/// The words for something below, spelled as `clap` spells it: `BootMode` is `boot-mode`.
pub(crate) fn below(words: &[String], name: &str) -> Vec<String> {
    let mut word = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(character.to_ascii_lowercase());
    }
    [words, &[word]].concat()
}

/// Adds to the help of every verb who may make its calls, and when, as the table has it.
pub(crate) fn with_callers(mut command: Command, verbs: &[Reach]) -> Command {
    for verb in verbs.iter().filter(|verb| !verb.rows.is_empty()) {
        command = at(command, &verb.words, &callers(verb.rows));
    }
    command
}

fn at(command: Command, words: &[String], text: &str) -> Command {
    match words.split_first() {
        Some((word, rest)) => command.mut_subcommand(word, |below| at(below, rest, text)),
        None => command.after_help(text.to_owned()),
    }
}

fn callers(rows: &[Row]) -> String {
    let mut lines = vec!["Calls of the device:".to_owned()];
    for row in rows {
        let states: Vec<_> = row.states.iter().map(|state| state.as_str()).collect();
        lines.push(format!("  {} {}", row.method, row.path));
        lines.push(format!("    by {}", who(row)));
        lines.push(format!("    when {}", states.join(", ")));
    }
    lines.join("\n")
}

/// Who may make a call, for a person.
pub(crate) fn who(row: &Row) -> String {
    let roles: Vec<_> = row.access.roles.iter().map(|role| role.as_str()).collect();
    let outside = match row.access.callers {
        Callers::Root if !roles.is_empty() => " outside any namespace",
        _ => "",
    };
    let mut who = Vec::new();
    if !roles.is_empty() {
        who.push(format!("{}{outside}", roles.join(" or ")));
    }
    if !row.access.rescue.is_empty() {
        who.push("who knows the unlock passphrase".to_owned());
    }
    if roles.is_empty() && row.access.rescue.is_empty() {
        who.push("anybody".to_owned());
    } else if !row.access.open.is_empty() {
        let states: Vec<_> = row.access.open.iter().map(|state| state.as_str()).collect();
        who.push(format!("anybody when {}", states.join(", ")));
    }
    who.join("; ")
}
