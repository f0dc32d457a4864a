//! What the device counts, and how its store is.

use nethsm::cluster::{ClusterState, Diagnosis};
use nethsm::metrics::Metrics;
use nethsm::table::{Diagnose, GetMetrics};

use super::{Done, Handle};
use crate::answer::Refusal;
use crate::request::Request;

impl Handle for GetMetrics {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Metrics>, Refusal> {
        let device = &request.device;
        let log = device.syslog();
        let writes = device.store().writes();
        Done::with(
            device
                .counters()
                .metrics(writes, log.warnings(), log.errors()),
        )
    }
}

impl Handle for Diagnose {
    fn handle(_: &Request, (): (), (): ()) -> Result<Done<Diagnosis>, Refusal> {
        Done::with(Diagnosis {
            cluster_logs: Vec::new(),
            // Only of a store that is not running.
            cluster_snapshot: None,
            cluster_state: ClusterState {
                running: true,
                ..ClusterState::default()
            },
        })
    }
}
