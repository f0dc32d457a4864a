//! Connections: shared, bounded in time, or not to be had.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use nethsm::client::{Client, Error, Options, Tls};

use crate::device::{Device, Reply, empty, json};
use crate::{OPERATIONAL, operator, question};

#[test]
fn a_slow_device_is_not_waited_for() {
    let device = Device::replying(vec![Reply::Slow(Duration::from_secs(3))]);
    let client = device.client().with_timeout(Duration::from_millis(200));
    let start = Instant::now();
    let error = client.ready().expect_err("too slow");
    assert!(matches!(error, Error::Timeout), "{error:?}");
    assert!(error.is_retryable());
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_device_that_never_finishes_the_handshake_is_not_waited_for() {
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", mute.local_addr().expect("an address"));
    let options = Options {
        connect_timeout: Duration::from_millis(200),
        ..Options::default()
    };
    let client = Client::with_options(&url.parse().expect("a URL"), &Tls::Insecure, &options);
    let start = Instant::now();
    let error = client.expect("a client").state().expect_err("no handshake");
    assert!(matches!(error, Error::Timeout), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn nobody_there_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("https://{}", port.expect("a port that is free again"));
    let client = Client::new(&url.parse().expect("a URL"), &Tls::Insecure).expect("a client");
    let error = client.state().expect_err("nobody there");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    let cause = std::error::Error::source(&error)
        .expect("a cause")
        .to_string();
    assert!(cause.contains("refused"), "{cause}");
}

#[test]
fn plain_http_is_no_secure_connection() {
    let plain = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", plain.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        use std::io::Write;
        let (mut socket, _) = plain.accept().expect("a connection");
        socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .expect("written");
        socket
    });
    let client = Client::new(&url.parse().expect("a URL"), &Tls::Insecure).expect("a client");
    let error = client.state().expect_err("no TLS");
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    server.join().expect("the server ends");
}

#[test]
fn all_handles_share_one_connection() {
    let device = Device::replying(vec![
        json(200, OPERATIONAL),
        json(412, r#"{"message":"Service not available"}"#),
        empty(204),
        json(200, r#"{"signature":"AQID"}"#),
    ]);
    let client = device.client();
    client.state().expect("an answer");
    client.alive().expect_err("operational");
    client.clone().lock().expect("done");
    let operator = client.as_user(operator());
    operator
        .sign(&"k".parse().expect("a name"), &question())
        .expect("a signature");
    assert_eq!(device.seen().requests.len(), 4);
    assert_eq!(device.seen().connections, 1);
}

#[test]
fn many_threads_share_one_client() {
    let device = Device::replying(vec![json(200, OPERATIONAL)]);
    let client = device.client();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..16 {
                    client.state().expect("an answer");
                }
            });
        }
    });
    assert_eq!(device.seen().requests.len(), 128);
    assert!(device.seen().connections <= 8);
}
