//! The Unix users of a host, or of a tree that is to become one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use super::{login::MARK, tree::below};

/// A Unix user that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Account {
    /// What it is, in words.
    pub(crate) what: String,
    pub(crate) home: String,
    pub(crate) shell: String,
    /// Whether nobody can log in as it (its account has expired), whatever keys there are.
    pub(crate) locked: bool,
    /// Whether a password is set that somebody could know.
    pub(crate) has_password: bool,
}

impl Account {
    /// Whether it was made by this program.
    pub(crate) fn is_ours(&self) -> bool {
        self.what.starts_with(MARK)
    }
}

/// The users and the names of groups below `root`.
pub(crate) struct Accounts {
    pub(crate) users: BTreeMap<String, Account>,
    pub(crate) groups: BTreeMap<String, BTreeSet<String>>,
}

impl Accounts {
    pub(crate) fn observe(root: &Path) -> io::Result<Self> {
        let read = |path: &str| match fs::read_to_string(below(root, Path::new(path))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            read => read,
        };
        let shadow = read("/etc/shadow")?;
        let shadow: BTreeMap<&str, Vec<&str>> = shadow.lines().filter_map(record).collect();
        let mut users = BTreeMap::new();
        for (name, fields) in read("/etc/passwd")?.lines().filter_map(record) {
            let field = |n: usize| fields.get(n).copied().unwrap_or_default();
            let secret = shadow.get(name);
            let secret = |n: usize| secret.and_then(|all| all.get(n)).copied();
            users.insert(
                name.to_owned(),
                Account {
                    what: field(3).to_owned(),
                    home: field(4).to_owned(),
                    shell: field(5).to_owned(),
                    locked: secret(6) == Some("1"),
                    has_password: secret(0).is_some_and(|hash| !hash.starts_with(['!', '*'])),
                },
            );
        }
        let mut groups = BTreeMap::new();
        for (name, fields) in read("/etc/group")?.lines().filter_map(record) {
            let members = fields.get(2).copied().unwrap_or_default().split(',');
            let members = members.filter(|member| !member.is_empty());
            groups.insert(name.to_owned(), members.map(str::to_owned).collect());
        }
        Ok(Self { users, groups })
    }
}

/// The name at the beginning of a line of passwd(5), shadow(5) or group(5), and the other fields.
fn record(line: &str) -> Option<(&str, Vec<&str>)> {
    let (name, rest) = line.split_once(':')?;
    Some((name, rest.split(':').collect()))
}
