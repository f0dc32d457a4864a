//! Clustering, of a device whose store is its own: one member, and nothing to change.

use nethsm::cluster::{JoinCluster, Member, MemberAdded, MemberUrls};
use nethsm::config::Network;
use nethsm::id::MemberId;
use nethsm::table::{
    AddMember, DeleteMember, EnterCluster, ForceNewCluster, ListMembers, PromoteMember, SetMember,
};

use super::{Caching, Done, Handle};
use crate::answer::Refusal;
use crate::request::Request;

/// The port on which members listen for each other.
const PORT: u16 = 2380;

fn alone() -> Refusal {
    Refusal::bad("cluster error: backend is not etcd")
}

impl Handle for ListMembers {
    const CACHING: Caching = Caching::Unsaid;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Vec<Member>>, Refusal> {
        let network: Network = request.device.setting()?;
        let id = request.device.hierarchy().device_id();
        let url = format!("https://{}:{PORT}", network.ip_address);
        Done::with(vec![Member {
            id: format!("{id:0>16}").parse().map_err(|_| alone())?,
            name: "default".to_owned(),
            urls: vec![url.parse().map_err(|_| alone())?],
            learner: false,
        }])
    }
}

impl Handle for AddMember {
    const SCHEMA: &'static str = "cluster_add_req";
    const CACHING: Caching = Caching::Unsaid;

    fn handle(_: &Request, (): (), _: MemberUrls) -> Result<Done<MemberAdded>, Refusal> {
        Err(alone())
    }
}

impl Handle for SetMember {
    const SCHEMA: &'static str = "cluster_add_req";
    const CACHING: Caching = Caching::Unsaid;

    fn handle(_: &Request, _: MemberId, _: MemberUrls) -> Result<Done<()>, Refusal> {
        Err(alone())
    }
}

impl Handle for DeleteMember {
    const CACHING: Caching = Caching::Unsaid;

    fn handle(_: &Request, _: MemberId, (): ()) -> Result<Done<()>, Refusal> {
        Err(alone())
    }
}

impl Handle for PromoteMember {
    fn handle(_: &Request, _: MemberId, (): ()) -> Result<Done<()>, Refusal> {
        Err(alone())
    }
}

impl Handle for EnterCluster {
    const SCHEMA: &'static str = "cluster_join_req";

    fn handle(_: &Request, (): (), _: JoinCluster) -> Result<Done<()>, Refusal> {
        Err(alone())
    }
}

/// Asked only of a device that has failed, and this one ends when its store fails.
impl Handle for ForceNewCluster {
    fn handle(_: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        Err(Refusal::unavailable())
    }
}
