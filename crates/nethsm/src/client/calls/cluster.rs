//! Methods for clusters.

use crate::client::{Client, Error};
use crate::cluster::{JoinCluster, Member, MemberAdded, MemberUrls, PeerUrl};
use crate::id::MemberId;
use crate::table::{self, facts};

/// Clusters of devices (version 4.0 and later).
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
/// # let it = example::operational();
/// # let administrator = it.user("admin");
/// // A device by itself is a cluster of one, and no learner.
/// let members = administrator.members()?;
/// assert_eq!(members.len(), 1);
/// assert!(!members[0].learner);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Client {
    /// The members of the cluster; a device by itself is one.
    #[doc = facts!(ListMembers)]
    pub fn members(&self) -> Result<Vec<Member>, Error> {
        self.call::<table::ListMembers>(&(), &())
    }

    /// Adds a member, which can then join. [`Error::Conflict`] while another one waits to be
    /// promoted.
    #[doc = facts!(AddMember)]
    pub fn add_member(&self, urls: Vec<PeerUrl>) -> Result<MemberAdded, Error> {
        self.call::<table::AddMember>(&(), &MemberUrls { urls })
    }

    /// Changes the addresses of a member.
    #[doc = facts!(SetMember)]
    pub fn set_member(&self, member: &MemberId, urls: Vec<PeerUrl>) -> Result<(), Error> {
        self.call::<table::SetMember>(member, &MemberUrls { urls })
    }

    /// Makes a member that has joined a full one.
    #[doc = facts!(PromoteMember)]
    pub fn promote_member(&self, member: &MemberId) -> Result<(), Error> {
        self.call::<table::PromoteMember>(member, &())
    }

    /// Takes a member out of the cluster.
    #[doc = facts!(DeleteMember)]
    pub fn delete_member(&self, member: &MemberId) -> Result<(), Error> {
        self.call::<table::DeleteMember>(member, &())
    }

    /// Makes this device a member of a cluster. **It loses all that it has.**
    #[doc = facts!(EnterCluster)]
    pub fn join_cluster(&self, question: &JoinCluster) -> Result<(), Error> {
        self.call::<table::EnterCluster>(&(), question)
    }

    /// Makes a cluster of one member from the last snapshot of a device that has failed. The
    /// user is [`UNLOCK_USER`](crate::call::UNLOCK_USER), with the unlock passphrase.
    #[doc = facts!(ForceNewCluster)]
    pub fn force_new_cluster(&self) -> Result<(), Error> {
        self.call::<table::ForceNewCluster>(&(), &())
    }
}
