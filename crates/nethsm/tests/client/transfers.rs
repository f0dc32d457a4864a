//! Backups and updates: any length, and errors of the right side.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use nethsm::body::Body;
use nethsm::client::{Error, Options, Tls};
use nethsm::passphrase::Passphrase;
use nethsm::transfer::{Restore, RestoreArguments};

use crate::device::{Device, Reply, empty, json};

#[test]
fn a_backup_is_written_as_it_comes() {
    let octets: Vec<u8> = (0..5_000_000_u32).map(|number| number as u8).collect();
    let device = Device::replying(vec![Reply::Answer(
        200,
        "application/octet-stream",
        octets.clone(),
    )]);
    let mut written = Vec::new();
    let length = device.client().backup(&mut written).expect("a backup");
    assert_eq!(length, 5_000_000);
    assert!(written == octets);
    assert_eq!(
        device.seen().requests[0].line,
        "POST /api/v1/system/backup HTTP/1.1"
    );
}

#[test]
fn a_backup_cut_short_is_none() {
    let short = b"HTTP/1.1 200 X\r\nContent-Length: 30\r\n\r\n_NETHSM".to_vec();
    let device = Device::replying(vec![Reply::Raw(short)]);
    let error = device.client().backup(&mut Vec::new()).expect_err("short");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[test]
fn a_device_without_backup_passphrase_says_so() {
    let device = Device::replying(vec![json(412, r#"{"message":"No backup key"}"#)]);
    let mut written = Vec::new();
    let error = device.client().backup(&mut written).expect_err("refused");
    assert!(
        matches!(&error, Error::Refused { status: 412, message } if message == "No backup key")
    );
    assert!(written.is_empty());
}

/// A file that can neither be read nor written.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("bad sector"))
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("bad sector"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_file_is_not_the_fault_of_the_device() {
    let octets = Reply::Answer(200, "application/octet-stream", vec![7; 10]);
    let device = Device::replying(vec![octets]);
    let client = device.client();
    for error in [
        client.backup(&mut Broken).expect_err("not written"),
        client.update(&mut Broken).expect_err("not read"),
        client
            .restore(&RestoreArguments::default(), &mut Broken)
            .expect_err("not read"),
    ] {
        assert!(matches!(&error, Error::Local { source } if source.to_string() == "bad sector"));
        assert!(!error.is_retryable());
    }
}

#[test]
fn a_restore_is_two_parts_that_the_other_end_reads() {
    let device = Device::replying(vec![empty(204)]);
    let arguments = RestoreArguments {
        backup_passphrase: Some(Passphrase::new("backup passphrase".to_owned())),
        system_time: "2026-11-22T18:11:29Z".parse().ok(),
    };
    let backup = "_NETHSM_BACKUP_ and so on\r\n--".repeat(10_000);
    device
        .client()
        .restore(&arguments, &mut backup.as_bytes())
        .expect("done");
    let seen = device.seen();
    let body = seen.requests[0].body.as_bytes();
    let content_type = seen.requests[0].header("content-type").expect("a type");
    let boundary = nethsm::multipart::boundary_of(content_type).expect("a boundary");
    assert!(body.starts_with(format!("--{boundary}\r\n").as_bytes()));
    let restore = Restore::from_bytes(body).expect("two parts");
    let passphrase = restore.arguments.backup_passphrase.expect("a passphrase");
    assert_eq!(passphrase.expose(), "backup passphrase");
    assert_eq!(restore.backup.0, backup.as_bytes());
}

#[test]
fn an_update_tells_what_it_brings() {
    let device = Device::replying(vec![json(200, r#"{"releaseNotes":"more of it"}"#)]);
    let notes = device.client().update(&mut "image".as_bytes());
    assert_eq!(notes.expect("notes").release_notes, "more of it");
    let seen = device.seen();
    assert_eq!(seen.requests[0].body, "image");
    assert_eq!(
        seen.requests[0].header("content-type"),
        Some("application/octet-stream")
    );
}

#[test]
fn a_transfer_ends_when_nothing_comes_any_more() {
    let device = Device::replying(vec![Reply::Slow(Duration::from_secs(5))]);
    let options = Options {
        read_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let client = device.client_with(&Tls::pin(&device.certificate), &options);
    let start = Instant::now();
    let error = client.backup(&mut Vec::new()).expect_err("silence");
    assert!(matches!(error, Error::Timeout), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(3));
}
