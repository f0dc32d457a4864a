//! The device itself: versions, restarts, updates.

use std::path::PathBuf;

use clap::Args;
use nethsm::table;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::{Sendable, length};
use crate::noun::{Verb, noun};
use crate::progress::Progress;
use crate::session::Session;

noun! {
    /// The device itself.
    System {
        /// Tell versions and identity.
        Info: [GetSystemInfo],
        /// Restart the device.
        Reboot: [Reboot],
        /// Turn the device off.
        Shutdown: [Shutdown],
        /// Erase all that the device has, and restart it.
        FactoryReset: [FactoryReset],
        /// Bring an update into the device, and show its release notes.
        Update: [UploadUpdate],
        /// Install the update that waits, and restart the device.
        CommitUpdate: [CommitUpdate],
        /// Forget the update that waits.
        CancelUpdate: [CancelUpdate],
    }
}

#[derive(Args, Debug)]
pub(crate) struct Info;

impl Verb for Info {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let info = session.call::<table::GetSystemInfo>(self, &(), &())?;
        Ok(Answer::of(&info))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Reboot;

impl Verb for Reboot {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm("restart the device")?;
        session.call::<table::Reboot>(self, &(), &())?;
        Ok(Answer::done("rebooting", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Shutdown;

impl Verb for Shutdown {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm("turn the device off")?;
        session.call::<table::Shutdown>(self, &(), &())?;
        Ok(Answer::done("shutting down", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct FactoryReset;

impl Verb for FactoryReset {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm("erase all that the device has")?;
        session.call::<table::FactoryReset>(self, &(), &())?;
        Ok(Answer::done("erased", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Update {
    /// The update; `-` is standard input.
    file: PathBuf,
}

impl Verb for Update {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let file = Sendable::open(&self.file)?;
        session.log_in_for::<table::UploadUpdate>(self)?;
        let progress = Progress::new("uploading", length(&self.file));
        let notes = session.ask_long::<table::UploadUpdate, _>(self, |client| {
            client.update(&mut progress.reading(file.whole()?))
        })?;
        Ok(Answer::lines("releaseNotes", &notes.release_notes))
    }
}

#[derive(Args, Debug)]
pub(crate) struct CommitUpdate;

impl Verb for CommitUpdate {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm("install the update and restart the device")?;
        session.long_call::<table::CommitUpdate>(self, &(), &())?;
        Ok(Answer::done("update committed", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct CancelUpdate;

impl Verb for CancelUpdate {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.call::<table::CancelUpdate>(self, &(), &())?;
        Ok(Answer::done("update cancelled", &[]))
    }
}
