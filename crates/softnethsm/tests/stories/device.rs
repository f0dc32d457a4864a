//! A device of one's own, and two ways to ask it: the client of `nethsm`, and octet by octet.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nethsm::client::{Client, Tls};
use nethsm::passphrase::{Credentials, Passphrase};
use nethsm::system::Provision;
use nethsm::user::{NewUser, UserRole};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use softnethsm::{Device, Server};
use tempfile::TempDir;

pub(crate) const UNLOCK: &str = "unlock passphrase";
pub(crate) const ADMIN: &str = "Administrator";
pub(crate) const OPERATOR: &str = "OperatorOperator";

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

/// A server in this process over a folder of its own.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
}

impl Desk {
    /// An unprovisioned device.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let device = Device::open(folder.path()).expect("a device");
        let server = Server::start(device, "127.0.0.1:0", None).expect("a server");
        Self { server, folder }
    }

    /// An operational device with the users `admin` and `operator`.
    pub(crate) fn at_work() -> Self {
        let desk = Self::new();
        set_up(&desk.client());
        desk
    }

    /// The same folder, served anew.
    pub(crate) fn restarted(self) -> Self {
        let Self { server, folder } = self;
        server.stop().expect("stopped");
        let device = Device::open(folder.path()).expect("a device");
        let server = Server::start(device, "127.0.0.1:0", None).expect("a server");
        Self { server, folder }
    }

    pub(crate) fn client(&self) -> Client {
        client(self.folder.path(), self.server.address().port())
    }

    pub(crate) fn admin(&self) -> Client {
        login(&self.client(), "admin", ADMIN)
    }

    pub(crate) fn operator(&self) -> Client {
        login(&self.client(), "operator", OPERATOR)
    }

    /// Asks octet by octet.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Question {
        Question {
            folder: self.folder.path().to_owned(),
            port: self.server.address().port(),
            head: format!("{method} {path} HTTP/1.1\r\nHost: device\r\nConnection: close\r\n"),
        }
    }
}

/// Provisions a device and creates the user `operator`.
pub(crate) fn set_up(device: &Client) {
    let wish = Provision {
        unlock_passphrase: passphrase(UNLOCK),
        admin_passphrase: passphrase(ADMIN),
        system_time: "2026-01-31T12:00:00Z".parse().expect("a time"),
    };
    device.provision(&wish).expect("provisioned");
    add_user(
        &login(device, "admin", ADMIN),
        "operator",
        UserRole::Operator,
        OPERATOR,
    );
}

pub(crate) fn add_user(admin: &Client, id: &str, role: UserRole, text: &str) {
    let user = NewUser {
        real_name: id.to_owned(),
        role,
        passphrase: passphrase(text),
    };
    admin
        .put_user(&id.parse().expect("a name"), &user)
        .expect("created");
}

pub(crate) fn login(device: &Client, user: &str, text: &str) -> Client {
    device.as_user(Credentials::new(
        user.parse().expect("a name"),
        passphrase(text),
    ))
}

/// A client that trusts the device's own certificate and no other.
pub(crate) fn client(folder: &Path, port: u16) -> Client {
    let url = format!("https://127.0.0.1:{port}").parse().expect("a URL");
    let tls: Tls = format!("ca:{}", folder.join("tls-cert.pem").display())
        .parse()
        .expect("a TLS mode");
    Client::new(&url, &tls).expect("a client")
}

/// A request whose every octet is chosen.
pub(crate) struct Question {
    folder: PathBuf,
    port: u16,
    head: String,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Reply {
    /// The value of a header, named in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self
            .headers
            .lines()
            .filter_map(|line| line.split_once(": "));
        lines
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

impl Question {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Logs in with `user:passphrase`.
    pub(crate) fn by(self, pair: &str) -> Self {
        use base64::Engine;
        let encoded = base64::prelude::BASE64_STANDARD.encode(pair);
        self.header("Authorization", &format!("Basic {encoded}"))
    }

    /// Sends all at once.
    pub(crate) fn send(self, body: &[u8]) -> Reply {
        self.send_in_pieces(&[body])
    }

    /// Sends the body in pieces, the first together with the head, and waits between them.
    pub(crate) fn send_in_pieces(self, pieces: &[&[u8]]) -> Reply {
        let mut roots = RootCertStore::empty();
        let pem = self.folder.join("tls-cert.pem");
        roots
            .add(CertificateDer::from_pem_file(pem).expect("a certificate"))
            .expect("added");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let tls = ClientConnection::new(Arc::new(config), name).expect("TLS");
        let socket = TcpStream::connect(("127.0.0.1", self.port)).expect("connected");
        let mut stream = StreamOwned::new(tls, socket);
        let has_own = self.head.contains("Transfer-Encoding") || self.head.starts_with("GET");
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        let length = if has_own {
            String::new()
        } else {
            format!("Content-Length: {length}\r\n")
        };
        let mut next = format!("{}{length}\r\n", self.head).into_bytes();
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                stream.write_all(&next).expect("sent");
                next.clear();
                thread::sleep(Duration::from_millis(50));
            }
            next.extend_from_slice(piece);
        }
        stream.write_all(&next).expect("sent");
        let mut octets = Vec::new();
        let _ = stream.read_to_end(&mut octets);
        let text = String::from_utf8_lossy(&octets).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
        let (first, headers) = head.split_once("\r\n").expect("headers");
        Reply {
            status: first
                .split(' ')
                .nth(1)
                .expect("a status")
                .parse()
                .expect("a number"),
            headers: headers.to_owned(),
            body: body.to_owned(),
        }
    }
}

/// A server in a process of its own. It is killed on drop.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
}

impl Process {
    pub(crate) fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_softnethsm"))
            .arg("serve")
            .arg("--data")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut line = String::new();
        let output = child.stdout.take().expect("an output");
        BufReader::new(output).read_line(&mut line).expect("read");
        let port = line.strip_prefix("softnethsm listening on https://127.0.0.1:");
        let port = port
            .expect("the one line")
            .trim_end()
            .parse()
            .expect("a port");
        Self { child, port }
    }

    /// `kill -9`: no chance to write anything more.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Waits until it ends by itself; the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.child.wait().expect("ended").code()
    }

    /// SIGTERM; the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .arg(&pid)
                .status()
                .expect("kill")
                .success()
        );
        self.child.wait().expect("ended").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After `kill` and `terminate` there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
