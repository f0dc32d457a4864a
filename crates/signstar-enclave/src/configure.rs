//! `signstar-configure`, which makes the HSM of an enclave what its configuration says.

use std::process::{Command, Stdio};

use crate::{
    Error, Folder,
    error::{OnPath, While},
    programs::program,
};

/// Makes the HSM so, as on any host: users, keys, certificates, and a backup of all that.
pub(crate) fn apply_to_hsm(folder: &Folder) -> Result<(), Error> {
    let configure = program("signstar-configure")?;
    let output = Command::new(&configure)
        .args(["hsm", "apply", "--config"])
        .arg(folder.configuration())
        .stdin(Stdio::null())
        .output()
        .on("run", &configure)?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(complaint.trim_end().to_owned()).doing("being set up")
}
