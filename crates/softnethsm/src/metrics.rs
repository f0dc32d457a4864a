//! What the device counts.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nethsm::metrics::{Count, Metrics};

/// Counters since the start of the process.
pub(crate) struct Counters {
    started: Instant,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    answers: BTreeMap<u16, u64>,
    time: Duration,
    uses: BTreeMap<&'static str, u64>,
}

/// Calls that are counted when they succeed, and what they are counted as.
const USES: [(&str, &str); 4] = [
    ("Sign", "sign"),
    ("Decrypt", "decrypt"),
    ("Encrypt", "encrypt"),
    ("MakeKey", "generate"),
];

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            counted: Mutex::default(),
        }
    }

    /// Counts one answer to the call of a name, and the time that it took.
    pub(crate) fn answered(&self, call: Option<&str>, status: u16, took: Duration) {
        let mut counted = self.counted();
        *counted.answers.entry(status).or_default() += 1;
        counted.time += took;
        let used = USES.iter().find(|(name, _)| Some(*name) == call);
        if let (Some((_, name)), 200..300) = (used, status) {
            *counted.uses.entry(name).or_default() += 1;
        }
    }

    /// All counters, under the names of the device. What a device has and this process has not,
    /// garbage collections, is 0.
    pub(crate) fn metrics(&self, writes: u64, warnings: u64, errors: u64) -> Metrics {
        let counted = self.counted();
        let total: u64 = counted.answers.values().sum();
        let mean = match u32::try_from(total) {
            Ok(total) if total > 0 => counted.time / total,
            _ => Duration::ZERO,
        };
        let seconds = |time: Duration| format!("{:.6}", time.as_secs_f64());
        let mut metrics = BTreeMap::from([
            (
                "uptime".to_owned(),
                self.started.elapsed().as_secs().to_string(),
            ),
            ("log errors".to_owned(), errors.to_string()),
            ("log warnings".to_owned(), warnings.to_string()),
            ("gc major bytes".to_owned(), memory().to_string()),
            ("gc major collections".to_owned(), "0".to_owned()),
            ("gc minor collections".to_owned(), "0".to_owned()),
            ("gc compactions".to_owned(), "0".to_owned()),
            ("kv write".to_owned(), writes.to_string()),
            ("http response total".to_owned(), total.to_string()),
            ("http response time".to_owned(), seconds(mean)),
        ]);
        for (status, number) in &counted.answers {
            metrics.insert(format!("http response {status}"), number.to_string());
        }
        for (name, number) in &counted.uses {
            metrics.insert((*name).to_owned(), number.to_string());
        }
        Metrics(
            metrics
                .into_iter()
                .map(|(name, value)| (name, Count(value)))
                .collect(),
        )
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of memory that this process has, as the kernel tells; 0 if it does not.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    let kibibytes: Option<u64> = line.and_then(|line| line.trim().parse().ok());
    kibibytes.unwrap_or_default().saturating_mul(1024)
}
