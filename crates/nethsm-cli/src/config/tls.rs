//! The key and the certificates of the device's TLS.

use std::path::PathBuf;

use clap::Args;
use nethsm::body::Pem;
use nethsm::config::GenerateTlsKey;
use nethsm::key::{RSA_LENGTHS, TlsKeyType};
use nethsm::table;

use crate::answer::Answer;
use crate::choice::one_of;
use crate::failure::Failure;
use crate::file::{Out, read_text};
use crate::noun::{Verb, noun};
use crate::session::Session;
use crate::subject::Subject;

noun! {
    /// The key and the certificates of the device's TLS.
    Tls {
        /// Show the certificates, the device's own first.
        Show: [GetTlsCertificate],
        /// Set the certificates: the device's own first, each vouched for by the next.
        Set: [SetTlsCertificate],
        /// Show the public key.
        Public: [GetTlsPublicPem],
        /// Make a certificate signing request.
        Csr: [MakeTlsCsr],
        /// Make a new key, with a certificate signed by itself.
        Generate: [MakeTlsKey],
        /// Show the certificate of the authority of the cluster.
        ShowClusterCa: [GetClusterCa],
        /// Set the certificate of the authority of the cluster.
        SetClusterCa: [SetClusterCa],
    }
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    #[command(flatten)]
    out: Out,
}

impl Verb for Show {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = session.call::<table::GetTlsCertificate>(self, &(), &())?;
        self.out.text("pem", &pem.0)
    }
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    /// The file with the certificates, PEM; `-` is standard input.
    file: PathBuf,
}

impl Verb for Set {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = Pem(read_text(&self.file)?);
        session.confirm("replace the certificate of the device; its pin changes")?;
        session.call::<table::SetTlsCertificate>(self, &(), &pem)?;
        Ok(Answer::done("TLS certificate set", &[]))
    }
}

#[derive(Args, Debug)]
pub(crate) struct Public {
    #[command(flatten)]
    out: Out,
}

impl Verb for Public {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = session.call::<table::GetTlsPublicPem>(self, &(), &())?;
        self.out.text("pem", &pem.0)
    }
}

#[derive(Args, Debug)]
pub(crate) struct Csr {
    #[command(flatten)]
    subject: Subject,

    #[command(flatten)]
    out: Out,
}

impl Verb for Csr {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = session.call::<table::MakeTlsCsr>(self, &(), &self.subject.name())?;
        self.out.text("pem", &pem.0)
    }
}

#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// What kind of key.
    #[arg(long = "type", value_name = "TYPE", value_parser = one_of!(TlsKeyType))]
    key_type: TlsKeyType,

    #[arg(
        long, value_name = "BITS", required_if_eq("key_type", "RSA"),
        help = format!("Bits, for RSA: {} to {}", RSA_LENGTHS.start(), RSA_LENGTHS.end())
    )]
    length: Option<u32>,
}

impl Verb for Generate {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        session.confirm("replace key and certificate of the device; its pin changes")?;
        let question = GenerateTlsKey {
            key_type: self.key_type,
            length: self.length,
        };
        session.long_call::<table::MakeTlsKey>(self, &(), &question)?;
        let about = [("type", self.key_type.as_str())];
        Ok(Answer::done("TLS key generated", &about))
    }
}

#[derive(Args, Debug)]
pub(crate) struct ShowClusterCa {
    #[command(flatten)]
    out: Out,
}

impl Verb for ShowClusterCa {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = session.call::<table::GetClusterCa>(self, &(), &())?;
        self.out.text("pem", &pem.0)
    }
}

#[derive(Args, Debug)]
pub(crate) struct SetClusterCa {
    /// The file with the certificate, PEM; `-` is standard input.
    file: PathBuf,
}

impl Verb for SetClusterCa {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let pem = Pem(read_text(&self.file)?);
        session.call::<table::SetClusterCa>(self, &(), &pem)?;
        Ok(Answer::done("authority of the cluster set", &[]))
    }
}
