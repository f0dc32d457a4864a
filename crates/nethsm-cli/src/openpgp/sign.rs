//! OpenPGP signatures over files, and over hash states of files elsewhere.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use nethsm::id::KeyId;
use nethsm::table;
use sha2::{Digest, Sha512};
use signstar::config::{ClientName, ClientRules, Domain, InvalidName, KeyName};
use signstar::policy::{Grant, Policy};
use signstar::refusal::{Code, Refused};
use signstar::request::{OutputType, Request, Salts, Sha512State};
use signstar::sign::{Product, Signed, SigningKey};
use signstar_hsm::nethsm::NetHsmKey;

use super::certificate::load;
use crate::answer::Answer;
use crate::failure::{Failure, Kind, chain};
use crate::file::{Out, Readers, is_dash, open, read};
use crate::noun::{Makes, Verb};
use crate::session::Session;

/// The key that signs, and what its signatures say.
#[derive(Args, Debug)]
struct With {
    /// The key.
    key: KeyId,

    /// The domain of the notation data-digest@DOMAIN, which has the SHA-512 of the file.
    #[arg(long, value_name = "DOMAIN")]
    domain: Domain,

    /// The certificate of the key [default: that in its certificate slot].
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,

    /// In ASCII armor instead of binary.
    #[arg(long)]
    armor: bool,
}

/// The file is hashed here. The signature is verified with the certificate before it is written.
/// It does not get into any log: an enclave is for that.
#[derive(Args, Debug)]
pub(crate) struct Sign {
    #[command(flatten)]
    with: With,

    /// The file to sign; `-` is standard input.
    file: PathBuf,

    /// Write into this file; `-` is standard output [default: FILE.sig, or FILE.asc with
    /// --armor].
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Verb for Sign {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let hasher = hash(&self.file)?;
        let input = Sha512State::from_hasher(&hasher)
            .map_err(|error| Failure::usage(chain(&error), "sign a smaller file"))?;
        let request = Request::open_pgp_v4(input, None);
        let signature = self.with.sign(session, self, request)?;
        let out = match &self.out {
            Some(out) => out.clone(),
            None if is_dash(&self.file) => "-".into(),
            None => {
                let suffix = if self.with.armor { ".asc" } else { ".sig" };
                let mut name = self.file.clone().into_os_string();
                name.push(suffix);
                name.into()
            }
        };
        let out = Out { out: Some(out) };
        out.octets("signature", &signature, Readers::Usual)
    }
}

/// The request has the state of a SHA-512 over a file elsewhere; the file itself is not needed.
#[derive(Args, Debug)]
pub(crate) struct SignState {
    #[command(flatten)]
    with: With,

    /// The file with one request, JSON; `-` is standard input.
    request: PathBuf,

    #[command(flatten)]
    out: Out,
}

impl Verb for SignState {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let content = read(&self.request, 64 << 10)?;
        let request = Request::parse(&content).map_err(|refused| refusal(&refused))?;
        let signature = self.with.sign(session, self, request)?;
        match std::str::from_utf8(&signature) {
            Ok(text) if self.with.armor => self.out.text("signature", text),
            _ => self.out.octets("signature", &signature, Readers::Usual),
        }
    }
}

impl With {
    fn sign<V>(&self, session: &Session, verb: &V, request: Request) -> Result<Vec<u8>, Failure>
    where
        V: Makes<table::GetCertificate> + Makes<table::Sign>,
    {
        let certificate = load(session, verb, &self.key, self.certificate.as_ref())?;
        let operator = session.client::<table::Sign>(verb)?;
        let signer = Box::new(NetHsmKey::new(operator, self.key.clone()));
        let key = SigningKey::new(certificate, signer, self.domain.clone(), BTreeMap::new());
        let (client, name) = names().map_err(|bad| Failure::usage(chain(&bad), "see --help"))?;
        let grant = Grant::decide(request, &client, &own(&client, &name), SystemTime::now());
        let signed = grant
            .and_then(|grant| {
                Signed::make(grant, &BTreeMap::from([(name, key)]), &Salts::default())
            })
            .map_err(|refused| refusal(&refused))?;
        if self.armor {
            return Ok(signed.text().as_bytes().to_vec());
        }
        let Product::OpenPgp(detached) = signed.product() else {
            return Err(Failure::usage(
                "only OpenPGP signatures are made here".to_owned(),
                "ask for the output type OpenPGPv4",
            ));
        };
        (detached.to_octets())
            .map_err(|error| Failure::new(Kind::Device, chain(&error), "see --help"))
    }
}

/// Who has the passphrase of the operator may sign whatever they like: the policy says so.
fn own(client: &ClientName, key: &KeyName) -> Policy {
    let rules = ClientRules::new(key.clone(), [OutputType::OpenPgpV4]);
    Policy::new(BTreeMap::from([(client.clone(), rules)]))
}

fn names() -> Result<(ClientName, KeyName), InvalidName> {
    Ok((ClientName::new("shell")?, KeyName::new("key")?))
}

fn refusal(refused: &Refused) -> Failure {
    let kind = match refused.code() {
        Code::HsmUnavailable => Kind::Unreachable,
        Code::SignatureInvalid => Kind::DoesNotHold,
        Code::Misconfigured | Code::NotPermitted => Kind::Refused,
        _ => Kind::BadRequest,
    };
    let cause = refused
        .cause()
        .map_or(String::new(), |cause| format!(": {cause}"));
    Failure::new(
        kind,
        format!("no signature: {}{cause}", refused.code().message()),
        "see that the operator may sign with this key, and that the certificate is that of the key",
    )
}

fn hash(path: &Path) -> Result<Sha512, Failure> {
    let mut hasher = Sha512::new();
    let mut from = open(path)?;
    let mut block = vec![0; 1 << 16];
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(hasher),
            Ok(length) => hasher.update(block.get(..length).unwrap_or_default()),
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(Failure::file("read", path, &cause)),
        }
    }
}
