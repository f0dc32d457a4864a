//! Several devices with one store.

use std::path::PathBuf;

use clap::Args;
use nethsm::cluster::{InitialMember, JoinCluster, MemberUrls, PeerUrl};
use nethsm::id::MemberId;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::read_text;
use crate::noun::{Verb, noun};
use crate::passphrase::existing;
use crate::session::Session;

noun! {
    /// Several devices with one store.
    Cluster {
        /// List the members.
        List: [ListMembers],
        /// Add a member; prints what it needs to join.
        Add: [AddMember],
        /// Change the addresses of a member.
        Set: [SetMember],
        /// Make a member that has joined a full one.
        Promote: [PromoteMember],
        /// Take a member out of the cluster.
        Remove: [DeleteMember],
        /// Make the device a member; it loses all that it has.
        Join: [EnterCluster],
        /// Make a cluster of one from the last snapshot of a device that has failed.
        ForceNew: [ForceNewCluster],
    }
}

#[derive(Args, Debug)]
pub(crate) struct List;

impl Verb for List {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let members = session.call::<table::ListMembers>(self, &(), &())?;
        Ok(Answer::of(&members))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// Where it listens for the others, `https://HOST:2380`.
    #[arg(required = true, value_name = "URL")]
    urls: Vec<PeerUrl>,
}

impl Verb for Add {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let urls = self.urls.clone();
        let added = session.call::<table::AddMember>(self, &(), &MemberUrls { urls })?;
        Ok(Answer::of(&added))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// The member.
    member: MemberId,
    /// Where it listens for the others, `https://HOST:2380`.
    #[arg(required = true, value_name = "URL")]
    urls: Vec<PeerUrl>,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let urls = self.urls.clone();
        session.call::<table::SetMember>(self, &self.member, &MemberUrls { urls })?;
        Ok(Answer::done(
            "member set",
            &[("member", self.member.as_str())],
        ))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Promote {
    /// The member.
    member: MemberId,
}

impl Verb for Promote {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.call::<table::PromoteMember>(self, &self.member, &())?;
        Ok(Answer::done(
            "member promoted",
            &[("member", self.member.as_str())],
        ))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The member.
    member: MemberId,
}

impl Verb for Remove {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm(&format!("take {} out of the cluster", self.member))?;
        session.call::<table::DeleteMember>(self, &self.member, &())?;
        Ok(Answer::done(
            "member removed",
            &[("member", self.member.as_str())],
        ))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Join {
    /// A member, this device included: NAME=URL[,URL]...; may be repeated.
    #[arg(long = "member", required = true, value_name = "NAME=URL", value_parser = member)]
    members: Vec<InitialMember>,

    /// The file with the joiner kit that `cluster add` printed.
    #[arg(long, value_name = "FILE")]
    kit: PathBuf,

    /// The file with the backup passphrase of the cluster [default: asked for].
    #[arg(long, value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,
}

fn member(text: &str) -> Result<InitialMember, String> {
    let (name, urls) = text
        .split_once('=')
        .ok_or("a member is written NAME=URL[,URL]...")?;
    let urls = urls.split(',').map(str::parse::<PeerUrl>);
    Ok(InitialMember {
        name: name.to_owned(),
        urls: urls
            .collect::<Result<_, _>>()
            .map_err(|bad| bad.to_string())?,
    })
}

impl Verb for Join {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let file = self.backup_passphrase_file.as_deref();
        let question = JoinCluster {
            members: self.members.clone(),
            joiner_kit: read_text(&self.kit)?.trim().to_owned(),
            backup_passphrase: existing("Backup passphrase of the cluster", file)?,
        };
        session.confirm("join the cluster; the device loses all that it has")?;
        session.long_call::<table::EnterCluster>(self, &(), &question)?;
        Ok(Answer::done("joined", &[]))
    }
}

/// The unlock passphrase is asked for; --passphrase-file has it with --user unlock.
#[derive(Args, Debug)]
pub(crate) struct ForceNew;

impl Verb for ForceNew {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm("make a new cluster; what came after the last snapshot is lost")?;
        session.long_call::<table::ForceNewCluster>(self, &(), &())?;
        Ok(Answer::done("new cluster made", &[]))
    }
}
