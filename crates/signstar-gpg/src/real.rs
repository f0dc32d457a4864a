//! The `gpg` that does everything else.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use crate::Error;

/// The variable that tells which programs were already taken for the real one. Whoever finds
/// itself called with it does not call them again.
pub const VISITED: &str = "SIGNSTAR_GPG_VISITED";
/// The name that is looked for.
const NAME: &str = "gpg";

/// Where the real `gpg` may be.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What the user says, which takes precedence over everything else.
    pub named: Option<PathBuf>,
    /// Folders, as `PATH` has them.
    pub path: OsString,
    /// This program, which is never the real one.
    pub ourselves: Option<PathBuf>,
    /// The programs that led to this call, as `PATH` would have them.
    pub visited: OsString,
}

impl Search {
    /// The program named, else the first `gpg` of the path, that is neither this program nor one
    /// that led here.
    pub fn find(&self) -> Result<PathBuf, Error> {
        let is_other = |program: &PathBuf| is_program(program) && !self.led_here(program);
        if let Some(named) = &self.named {
            return Some(named.clone())
                .filter(is_other)
                .ok_or_else(|| Error::NotGpg(named.clone()));
        }
        env::split_paths(&self.path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(NAME))
            .find(is_other)
            .ok_or(Error::NoGpg)
    }

    fn led_here(&self, program: &Path) -> bool {
        self.ourselves
            .iter()
            .cloned()
            .chain(env::split_paths(&self.visited))
            .any(|visited| is_same(&visited, program))
    }

    /// The real `gpg` with everything that was visited in its environment.
    pub fn command(&self) -> Result<Command, Error> {
        let program = self.find()?;
        let visited = env::split_paths(&self.visited)
            .filter(|path| !path.as_os_str().is_empty())
            .chain([program.clone()]);
        // Paths out of a list have no colon, and one that was named and has one is not found again.
        let visited = env::join_paths(visited).unwrap_or_else(|_| self.visited.clone());
        let mut command = Command::new(&program);
        command.env(VISITED, visited).arg0(NAME);
        Ok(command)
    }

    /// Becomes the real `gpg`. Returns only if that fails.
    pub fn become_it<S: AsRef<OsStr>>(&self, line: impl IntoIterator<Item = S>) -> Error {
        match self.command() {
            Ok(mut command) => {
                let source = command.args(line).exec();
                let program = command.get_program().into();
                Error::StartGpg { program, source }
            }
            Err(error) => error,
        }
    }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Whether two paths are one file.
fn is_same(one: &Path, other: &Path) -> bool {
    if one.as_os_str().as_bytes() == other.as_os_str().as_bytes() {
        return true;
    }
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Folders `a`, `b` and `c` with a program `gpg` each, `a` being this one.
    fn three() -> (tempfile::TempDir, Search) {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str| folder.path().join(name);
        let ourselves = place("signstar-gpg");
        fs::write(&ourselves, "x").expect("written");
        fs::set_permissions(&ourselves, fs::Permissions::from_mode(0o755)).expect("set");
        for name in ["a", "b", "c"] {
            fs::create_dir(place(name)).expect("made");
        }
        symlink(&ourselves, place("a/gpg")).expect("linked");
        for name in ["b/gpg", "c/gpg"] {
            fs::copy(&ourselves, place(name)).expect("copied");
        }
        let path = env::join_paths(["a", "b", "c"].map(place)).expect("a path");
        let search = Search {
            path,
            ourselves: Some(ourselves),
            ..Search::default()
        };
        (folder, search)
    }

    #[test]
    fn the_next_one_is_found() {
        let (folder, search) = three();
        assert_eq!(search.find().expect("one"), folder.path().join("b/gpg"));
    }

    #[test]
    fn what_led_here_is_not_called_again() {
        let (folder, mut search) = three();
        search.visited = folder.path().join("b/gpg").into();
        assert_eq!(search.find().expect("one"), folder.path().join("c/gpg"));
        search.visited = env::join_paths(["b/gpg", "c/gpg"].map(|name| folder.path().join(name)))
            .expect("a list");
        assert!(matches!(search.find(), Err(Error::NoGpg)));
    }

    #[test]
    fn what_cannot_be_run_is_not_it() {
        let (folder, search) = three();
        let plain = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.path().join("b/gpg"), plain).expect("set");
        assert_eq!(search.find().expect("one"), folder.path().join("c/gpg"));
    }

    #[test]
    fn the_named_one_takes_precedence_and_is_not_this() {
        let (folder, mut search) = three();
        search.named = Some(folder.path().join("c/gpg"));
        assert_eq!(search.find().expect("one"), folder.path().join("c/gpg"));
        search.named = Some(folder.path().join("a/gpg"));
        assert!(matches!(search.find(), Err(Error::NotGpg(_))));
    }
}
