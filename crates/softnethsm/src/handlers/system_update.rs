//! Updates: taken in, then committed or cancelled.

use std::fs::File;
use std::io::{Read, Seek};

use hyper::StatusCode;
use nethsm::table::{CancelUpdate, CommitUpdate, UploadUpdate};
use nethsm::transfer::{ReleaseNotes, UpdateFile};

use super::{Done, Handle};
use crate::answer::Refusal;
use crate::request::Request;
use crate::update::{BadUpdate, Pending};

impl From<BadUpdate> for Refusal {
    fn from(error: BadUpdate) -> Self {
        let status = match error {
            BadUpdate::Form | BadUpdate::Signature => StatusCode::BAD_REQUEST,
            BadUpdate::Downgrade => StatusCode::CONFLICT,
            BadUpdate::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

fn take(request: &Request, file: impl Read) -> Result<Done<ReleaseNotes>, Refusal> {
    let update = Pending::read(file, request.device.update_key())?;
    let mut pending = request.device.pending_update();
    if pending.is_some() {
        let message = "An update waits already. Please commit or cancel it.";
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    let release_notes = update.release_notes.clone();
    *pending = Some(update);
    Done::with(ReleaseNotes { release_notes })
}

impl Handle for UploadUpdate {
    fn handle(
        request: &Request,
        (): (),
        update: UpdateFile,
    ) -> Result<Done<ReleaseNotes>, Refusal> {
        take(request, update.0.as_slice())
    }

    fn handle_file(
        request: &Request,
        (): (),
        mut file: File,
    ) -> Result<Done<ReleaseNotes>, Refusal> {
        file.rewind().map_err(BadUpdate::from)?;
        take(request, file)
    }
}

fn take_out(request: &Request) -> Result<(), Refusal> {
    match request.device.pending_update().take() {
        Some(_) => Ok(()),
        None => Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "No update available. Please upload a system image to /system/update.",
        )),
    }
}

/// The device starts anew, with the software that it had.
impl Handle for CommitUpdate {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        take_out(request)?;
        request.device.start()?;
        Done::with(())
    }
}

impl Handle for CancelUpdate {
    fn handle(request: &Request, (): (), (): ()) -> Result<Done<()>, Refusal> {
        take_out(request)?;
        Done::with(())
    }
}
