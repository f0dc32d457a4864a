//! One difference between a host as it is and as it is to be.

use std::{
    fmt::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::tree::Node;

/// What is to be done. The order is that in which it is done: what takes access away comes first,
/// what gives it last, so that a host on which only some of it was done is closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Take the SSH keys of a user away.
    RemoveKeys(PathBuf),
    /// Let nobody log in as a user any more, and end what it runs.
    Lock(String),
    /// Remove a file that is no longer needed.
    Remove(PathBuf),
    /// Delete a user that nobody can log in as.
    Delete(String),
    /// Write a file or a link that is not there or is different.
    Write(Written),
    /// Make Unix users and groups.
    Create(Vec<String>),
    /// Set a Unix user as it is to be; what is different about it.
    Mend(String, Vec<&'static str>),
    /// Make folders, and set modes and owners.
    Folders(Vec<PathBuf>),
    /// Have running services read what was written: `sshd`, systemd, the firewall.
    Reload,
    /// Let a user log in with these SSH keys.
    WriteKeys(Written),
}

/// A file or a link to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    pub(crate) path: PathBuf,
    pub(crate) before: Option<Node>,
    pub(crate) after: Node,
}

impl Written {
    /// Where it is, from the root on.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lines that go and those that come, with `-` and `+` before them.
    pub fn difference(&self) -> Vec<String> {
        let lines = |node: Option<&Node>| match node {
            None => Vec::new(),
            Some(Node::File(text)) => text.lines().map(str::to_owned).collect(),
            Some(Node::Link(target)) => vec![format!("link to {}", target.display())],
            Some(Node::Other) => {
                vec!["something that is no file of mode 644, or not of root".to_owned()]
            }
        };
        let before = lines(self.before.as_ref());
        let after = lines(Some(&self.after));
        let same = |(one, other): &(&String, &String)| one == other;
        let head = before.iter().zip(&after).take_while(same).count();
        let rest = before.len().min(after.len()) - head;
        let tail = before
            .iter()
            .rev()
            .zip(after.iter().rev())
            .take(rest)
            .take_while(same)
            .count();
        let middle = |lines: &[String], sign: char| -> Vec<String> {
            let end = lines.len() - tail;
            let lines = lines.iter().take(end).skip(head);
            lines.map(|line| format!("{sign}{line}")).collect()
        };
        [middle(&before, '-'), middle(&after, '+')].concat()
    }
}

impl Change {
    /// What it is called in JSON and in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RemoveKeys(_) => "remove-keys",
            Self::Lock(_) => "lock-user",
            Self::Remove(_) => "remove-file",
            Self::Delete(_) => "delete-user",
            Self::Write(_) => "write-file",
            Self::Create(_) => "create-users",
            Self::Mend(..) => "mend-user",
            Self::Folders(_) => "make-folders",
            Self::Reload => "reload",
            Self::WriteKeys(_) => "write-keys",
        }
    }

    /// What it is done to: paths or names.
    pub fn targets(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        match self {
            Self::RemoveKeys(file) | Self::Remove(file) => vec![path(file)],
            Self::Lock(user) | Self::Delete(user) | Self::Mend(user, _) => vec![user.clone()],
            Self::Write(written) | Self::WriteKeys(written) => vec![path(&written.path)],
            Self::Create(users) => users.clone(),
            Self::Folders(folders) => folders.iter().map(|folder| path(folder)).collect(),
            Self::Reload => Vec::new(),
        }
    }
}

/// For people: a line, and for a file the lines that differ.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let targets = self.targets().join(", ");
        let words = match self {
            Self::RemoveKeys(_) => "take away the SSH keys",
            Self::Lock(_) => "lock the Unix user",
            Self::Remove(_) => "remove",
            Self::Delete(_) => "delete the Unix user",
            Self::Write(written) if written.before.is_some() => "change",
            Self::Write(_) => "write",
            Self::Create(_) => "make the Unix users",
            Self::Mend(..) => "set the Unix user",
            Self::Folders(_) => "make the folders, with their owners",
            Self::Reload => "have the running services read their files",
            Self::WriteKeys(_) => "let in with the SSH keys",
        };
        f.write_str(words)?;
        if !targets.is_empty() {
            write!(f, " {targets}")?;
        }
        match self {
            Self::Mend(_, what) => write!(f, ": {}", what.join(", "))?,
            Self::Write(written) | Self::WriteKeys(written) => {
                for line in written.difference() {
                    f.write_str("\n    ")?;
                    // Whatever was there before may have been written by anybody.
                    for c in line.chars() {
                        match c.is_control() {
                            true => write!(f, "{}", c.escape_default())?,
                            false => f.write_char(c)?,
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (what, difference) = match self {
            Self::Mend(_, what) => (Some(what), None),
            Self::Write(written) | Self::WriteKeys(written) => (None, Some(written.difference())),
            _ => (None, None),
        };
        let mut all = serializer.serialize_struct("Change", 4)?;
        all.serialize_field("change", self.name())?;
        all.serialize_field("targets", &self.targets())?;
        match what {
            Some(what) => all.serialize_field("what", what)?,
            None => all.skip_field("what")?,
        }
        match difference {
            Some(lines) => all.serialize_field("difference", &lines)?,
            None => all.skip_field("difference")?,
        }
        all.end()
    }
}
