//! What a TPM2 keeps.

use std::fs;

use signstar_hsm::Administration;

use crate::{
    host::{Host, credentials, has, refused},
    tpm::Tpm,
};

#[test]
fn sealed_with_one_tpm_it_opens_with_no_other() {
    let (Some(host), Some(mut own), Some(other)) = (Host::new(), Tpm::new(), Tpm::new()) else {
        return;
    };
    let file = host.file("hsm-main");
    let stored = credentials();
    own.is_in(&host);
    Administration::store(&file, &stored).expect("stored");
    has(&file, &stored);

    // The same disk with the same key of the host in another machine, and without a TPM2.
    other.is_in(&host);
    refused(&file);
    host.has("host", "");
    refused(&file);

    own.restart();
    own.is_in(&host);
    has(&file, &stored);
    // Neither does the TPM2 alone open it.
    fs::remove_file(host.path("host-key")).expect("there");
    refused(&file);
}

#[test]
fn where_the_tpm_does_not_answer_what_was_stored_stays() {
    let (Some(host), Some(tpm)) = (Host::new(), Tpm::new()) else {
        return;
    };
    let file = host.file("hsm-main");
    let stored = credentials();
    tpm.is_in(&host);
    Administration::store(&file, &stored).expect("stored");
    let sealed = fs::read(file.path()).expect("there");
    let nobody = "SYSTEMD_TPM2_DEVICE=swtpm:host=127.0.0.1,port=1";
    host.has("host+tpm2", nobody);
    Administration::store(&file, &credentials()).expect_err("there is no TPM2");
    refused(&file);
    assert_eq!(fs::read(file.path()).expect("there"), sealed);
    tpm.is_in(&host);
    has(&file, &stored);
}
