//! Processes, by what they run.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

use nix::unistd::Uid;

/// The processes of this user that run the program `name` and were started with `path` as a word
/// of its own, from proc(5).
pub fn processes(name: &str, path: &Path) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|entry| is_it(&entry.path(), name, path))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Whether `process`, a folder in `/proc`, is of this user and runs the program `name` with `path`.
fn is_it(process: &Path, name: &str, path: &Path) -> bool {
    let is_ours = process
        .metadata()
        .is_ok_and(|metadata| metadata.uid() == Uid::effective().as_raw());
    is_ours
        && fs::read_link(process.join("exe")).is_ok_and(|executable| runs(&executable, name))
        && fs::read(process.join("cmdline")).is_ok_and(|line| names(&line, path))
}

/// Whether the executable at `path` is `program`, or was before it was built anew.
fn runs(path: &Path, program: &str) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.strip_suffix(b" (deleted)").unwrap_or(name) == program.as_bytes()
}

/// Whether a command line has `path` as a word of its own. `sshd` puts its words into one.
fn names(line: &[u8], path: &Path) -> bool {
    let path = OsStr::as_bytes(path.as_os_str());
    let is_end = |octet: Option<&u8>| matches!(octet, None | Some(0 | b' '));
    line.windows(path.len())
        .enumerate()
        .filter(|(_, window)| *window == path)
        .any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|before| line.get(before));
            is_end(before) && is_end(line.get(at + path.len()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_path_counts() {
        let path = Path::new("/a/hsm");
        for line in [
            &b"x\0--data\0/a/hsm\0"[..],
            b"sshd: x -f /a/hsm [listener]",
            b"/a/hsm",
        ] {
            assert!(names(line, path), "{line:?}");
        }
        for line in [
            &b"x\0/a/hsm2\0"[..],
            b"x\0/b/a/hsm\0",
            b"x\0--data=/a/hsm\0",
            b"",
        ] {
            assert!(!names(line, path), "{line:?}");
        }
    }

    #[test]
    fn a_program_that_was_built_anew_is_the_same() {
        assert!(runs(Path::new("/bin/sshd"), "sshd"));
        assert!(runs(Path::new("/bin/sshd (deleted)"), "sshd"));
        assert!(!runs(Path::new("/bin/not-sshd"), "sshd"));
    }
}
