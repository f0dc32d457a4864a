//! Methods for clusters.

use crate::client::{Client, Error};
use crate::cluster::{JoinCluster, Member, MemberAdded, MemberUrls, PeerUrl};
use crate::id::MemberId;
use crate::table;

/// Clusters of devices (version 4.0 and later).
///
/// ```no_run
/// # fn example(administrator: nethsm::client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let added = administrator.add_member(vec!["https://192.0.2.2:2380".parse()?])?;
/// // Once the other device has joined:
/// let learner = added.members.iter().find(|member| member.learner);
/// if let Some(learner) = learner {
///     administrator.promote_member(&learner.id)?;
/// }
/// # Ok(())
/// # }
/// ```
impl Client {
    /// The members of the cluster; a device by itself is one.
    pub fn members(&self) -> Result<Vec<Member>, Error> {
        self.call::<table::ListMembers>(&(), &())
    }

    /// Adds a member, which can then join. [`Error::Conflict`] while another one waits to be
    /// promoted.
    pub fn add_member(&self, urls: Vec<PeerUrl>) -> Result<MemberAdded, Error> {
        self.call::<table::AddMember>(&(), &MemberUrls { urls })
    }

    /// Changes the addresses of a member.
    pub fn set_member(&self, member: &MemberId, urls: Vec<PeerUrl>) -> Result<(), Error> {
        self.call::<table::SetMember>(member, &MemberUrls { urls })
    }

    /// Makes a member that has joined a full one.
    pub fn promote_member(&self, member: &MemberId) -> Result<(), Error> {
        self.call::<table::PromoteMember>(member, &())
    }

    /// Takes a member out of the cluster.
    pub fn delete_member(&self, member: &MemberId) -> Result<(), Error> {
        self.call::<table::DeleteMember>(member, &())
    }

    /// Makes this device a member of a cluster. **It loses all that it has.**
    pub fn join_cluster(&self, question: &JoinCluster) -> Result<(), Error> {
        self.call::<table::EnterCluster>(&(), question)
    }

    /// Makes a cluster of one member from the last snapshot of a device that has failed. The
    /// user is [`UNLOCK_USER`](crate::call::UNLOCK_USER), with the unlock passphrase.
    pub fn force_new_cluster(&self) -> Result<(), Error> {
        self.call::<table::ForceNewCluster>(&(), &())
    }
}
