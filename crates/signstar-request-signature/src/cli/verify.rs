//! `verify`: signatures without an enclave.

use jiff::Timestamp;
use signstar_request_signature::{Checked, Error, Trust, check};

use super::{arguments::Verify, defaults, screen};

/// Checks the signatures of all files and says who made them.
pub(crate) fn verify(arguments: &Verify) -> Result<u8, Error> {
    let path = match &arguments.certificate {
        Some(path) => path.clone(),
        None => defaults::settings()?
            .certificate
            .ok_or(Error::NoCertificate)?,
    };
    let Trust::Certificate(certificate) = Trust::read(&path)? else {
        return Err(Error::NoCertificate);
    };
    let mut worst = 0;
    let mut failed = Vec::new();
    for file in &arguments.files {
        match check(file, &certificate) {
            Ok(all) if !arguments.quiet => {
                for checked in &all {
                    let user = certificate
                        .user_ids()
                        .next()
                        .unwrap_or("nobody in particular");
                    describe(checked, user);
                }
            }
            Ok(_) => {}
            Err(error) => {
                screen::complain(&error);
                worst = worst.max(error.exit_status());
                failed.push(file);
            }
        }
    }
    screen::summary(
        &failed,
        arguments.files.len(),
        "do not hold a good signature",
    );
    Ok(worst)
}

fn describe(checked: &Checked, user: &str) {
    screen::say(format!("good signature {}", checked.signature.display()));
    screen::say(format!("  by   {user}"));
    screen::say(format!("  key  {}", checked.key.to_uppercase()));
    if let Ok(created) = Timestamp::try_from(checked.created) {
        screen::say(format!(
            "  made {}",
            created.strftime("%Y-%m-%d %H:%M:%S UTC")
        ));
    }
}
