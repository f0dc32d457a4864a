//! The command line of `signstar-repo-add`.

use std::{ffi::OsString, path::PathBuf};

use clap::Parser;

/// Add packages to a repository database of pacman and have an enclave sign it.
///
/// Takes what repo-add takes, and has repo-add do the work in a folder of its own. The new
/// database and its signature come into their places only when both are there: when the enclave
/// does not sign, the old database stays, and this ends with an error. (repo-add --sign then warns,
/// replaces the database, keeps the old signature, and ends well.)
///
/// The enclave and its certificate are those of ~/.config/signstar/client.toml.
#[derive(Debug, Parser)]
#[command(
    name = "signstar-repo-add",
    version,
    after_help = "\
Examples:
  signstar-repo-add extra.db.tar.gz linux-6.17-1-x86_64.pkg.tar.zst
  signstar-repo-add --delete extra.db.tar.gz linux

Exit status:
  0  the new database is in its place, and so is its signature
  1  something here: a file cannot be read or written, or repo-add fails
  2  wrong usage, or a package has a signature that pacman does not accept
  3  refused by the enclave
  4  the enclave or its HSM cannot be reached
  5  an answer did not verify"
)]
pub struct RepoAdd {
    /// The database: NAME.db.tar, or with the suffix of a compression behind it.
    pub database: PathBuf,

    /// The packages to add; with --delete the names of those to remove.
    #[arg(required = true, value_name = "PACKAGE")]
    pub packages: Vec<OsString>,

    /// Remove packages from the database instead (repo-remove).
    #[arg(long, conflicts_with_all = ["remove", "new", "prevent_downgrade"])]
    pub delete: bool,

    /// Say little.
    #[arg(long, short)]
    pub quiet: bool,

    /// Add only packages that are not in the database yet.
    #[arg(long, short)]
    pub new: bool,

    /// Remove the old file of a package that is replaced, after everything is signed.
    #[arg(long, short = 'R')]
    pub remove: bool,

    /// Leave a package as it is when the database has a newer version.
    #[arg(long, short)]
    pub prevent_downgrade: bool,

    /// Without colours.
    #[arg(long)]
    pub nocolor: bool,

    /// Sign the database. That is always done.
    #[arg(long, short)]
    pub sign: bool,

    /// The key to sign with, one that an enclave holds [default: that of client.toml].
    #[arg(long, short, value_name = "KEY", env = "GPGKEY", value_parser = clap::builder::OsStringValueParser::new())]
    pub key: Option<OsString>,

    /// Check the signature of the database before it is changed.
    #[arg(long, short)]
    pub verify: bool,
}

impl RepoAdd {
    /// The options for `repo-add` itself.
    pub(super) fn options(&self) -> Vec<&'static str> {
        let mut options = Vec::new();
        for (is_given, option) in [
            (self.quiet, "--quiet"),
            (self.new, "--new"),
            (self.remove, "--remove"),
            (self.prevent_downgrade, "--prevent-downgrade"),
            (self.nocolor, "--nocolor"),
        ] {
            if is_given {
                options.push(option);
            }
        }
        options
    }
}
