//! How fast a log is: appends, one append against the disk itself, verification, proofs.
//!
//! `LOG_ENTRIES` (usually 1,000,000) is the size of the log that is verified and that proofs are
//! made from, `LOG_APPENDS` (usually 20,000) how many appends are measured for each kind of load.
//! Arguments name what is measured; usually all: `long`, `alone`, `load`.

mod alone;
mod built;
mod load;
mod long;
mod published;

use std::{env, error::Error, fs, io, path::Path, time::Duration};

use signstar::log::KeyName;
use signstar_log::{
    FileKey, Folder,
    serve::{Sequencer, State},
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let asked: Vec<String> = env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    let mut out = io::stdout().lock();
    // First, while nothing else has needed memory.
    if wanted("long") {
        long::measure(folder.path(), number("LOG_ENTRIES", 1_000_000), &mut out)?;
    }
    if wanted("alone") {
        alone::measure(folder.path(), &mut out)?;
    }
    if wanted("load") {
        load::measure(folder.path(), number("LOG_APPENDS", 20_000), &mut out)?;
    }
    Ok(())
}

fn open(folder: &Path) -> Outcome<Sequencer> {
    fs::create_dir_all(folder)?;
    let origin = KeyName::new("signstar.example.org/bench")?;
    let key = FileKey::generate(&folder.join("key"), &origin)?;
    let state = State::lock(&folder.join("state"))?;
    let log = Folder::new(folder.join("log"));
    Ok(Sequencer::open(log, state, Box::new(key))?)
}

/// An entry as long as one with an Ed25519 signature.
fn entry(number: u64) -> Vec<u8> {
    let digest = format!("{number:0128x}");
    let (input, signature) = ("A".repeat(88), "A".repeat(240));
    format!(
        "{{\"client\":\"builder\",\"file-length\":1,\"file-name\":\"file-{number}.pkg.tar.zst\",\
         \"file-sha512\":\"{digest}\",\"hsm-input\":\"{input}\",\
         \"issuer\":\"0000000000000000000000000000000000000000\",\"key\":\"packages\",\
         \"output\":\"OpenPGPv4\",\"signature\":\"{signature}\",\"time\":1767225600,\
         \"version\":1}}"
    )
    .into_bytes()
}

fn number(name: &str, usual: u64) -> u64 {
    let given = env::var(name).ok().and_then(|text| text.parse().ok());
    given.unwrap_or(usual)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
