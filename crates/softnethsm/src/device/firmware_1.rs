//! Backups of firmware 1.x, which knew no namespaces.

use std::io::{Read, Seek};

use nethsm::backup::{self, Opened, Version};

/// Takes a backup of version 0 for one of firmware 1.x if nothing in it knows of namespaces.
///
/// It may also be one of firmware 2.0 to 3.1 that was cut between two values, as nothing marks the
/// end of version 0. So only a device that has nothing to lose may take it.
pub(super) fn taken<R: Read + Seek>(mut file: Opened<R>) -> Result<Opened<R>, backup::Error> {
    if file.version() != Version::V0 {
        return Ok(file);
    }
    for item in file.items()? {
        // What is wrong comes out again when the file is verified.
        let Ok(item) = item else { break };
        if knows_namespaces(&item.path) {
            return Ok(file);
        }
    }
    Ok(file.without_namespaces())
}

fn knows_namespaces(path: &str) -> bool {
    let is_user = path.starts_with("/authentication/") && path.contains('~');
    let is_key = path.starts_with("/key/.") && path != "/key/.version";
    is_user || is_key || path.starts_with("/namespace/")
}
