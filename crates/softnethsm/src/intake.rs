//! Bodies of requests on their way in: into the memory, into a file, or nowhere.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Incoming;
use tokio::task::block_in_place;
use tokio::time::timeout;

use crate::answer::Refusal;
use crate::device::Device;
use crate::handlers::Sent;

/// A body comes in this time.
const BODY: Duration = Duration::from_secs(60);
/// A body of any length comes in this time, and has at most so many octets here: it goes to disk.
const LARGE_BODY: Duration = Duration::from_secs(15 * 60);
const LARGEST_BODY: u64 = 2 << 30;
/// So many octets of a refused request are taken off the wire, in this time.
const DRAINED: usize = 4 << 20;
const DRAINING: Duration = Duration::from_secs(5);

/// Reads a whole body, within bounds of size and time.
pub(crate) async fn read(mut body: Incoming, most: u64) -> Result<Sent, Refusal> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    match timeout(BODY, Limited::new(&mut body, most).collect()).await {
        Ok(Ok(body)) => Ok(Sent::Octets(body.to_bytes())),
        Ok(Err(error)) => {
            // One without a length told beforehand, as a rule: its client is still sending.
            drain(body, false).await;
            Err(broken(&*error))
        }
        Err(_) => Err(Refusal::silent(StatusCode::REQUEST_TIMEOUT)),
    }
}

/// Puts a body of any length into a file, within bounds of the disk.
pub(crate) async fn keep(body: Incoming, device: &Device) -> Result<File, Refusal> {
    let mut file = device.folder().scratch()?;
    let most = usize::try_from(LARGEST_BODY).unwrap_or(usize::MAX);
    let mut body = Limited::new(body, most);
    let kept = timeout(LARGE_BODY, async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(&*error))?;
            if let Ok(octets) = frame.into_data() {
                block_in_place(|| file.write_all(&octets)).map_err(|error| {
                    Refusal::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
                })?;
            }
        }
        Ok(())
    });
    match kept.await {
        Ok(kept) => kept.map(|()| file),
        Err(_) => Err(Refusal::silent(StatusCode::REQUEST_TIMEOUT)),
    }
}

fn broken(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Refusal {
    Refusal::silent(if error.is::<LengthLimitError>() {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        StatusCode::BAD_REQUEST
    })
}

/// Takes the body of a refused request off the wire, within bounds: a connection that is closed
/// with octets unread is reset, and the client may never see the refusal. A client that waits to
/// be told to continue (RFC 9110 §10.1.1) sends none.
pub(crate) async fn drain(body: Incoming, is_waiting: bool) {
    if is_waiting {
        return;
    }
    let mut body = Limited::new(body, DRAINED);
    let _ = timeout(DRAINING, async {
        while let Some(Ok(_)) = body.frame().await {}
    })
    .await;
}

/// Takes the rest of a short body off the wire, for the same reason and in the same time.
pub(crate) async fn let_go(reading: impl Future<Output = Result<Sent, Refusal>>) {
    let _ = timeout(DRAINING, reading).await;
}
