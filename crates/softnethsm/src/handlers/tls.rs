//! The TLS of the device: its key, its certificates, and who vouches for its cluster.

use hyper::StatusCode;
use nethsm::body::Pem;
use nethsm::config::GenerateTlsKey;
use nethsm::csr::DistinguishedName;
use nethsm::table::{
    GetClusterCa, GetTlsCertificate, GetTlsPublicPem, MakeTlsCsr, MakeTlsKey, SetClusterCa,
    SetTlsCertificate,
};

use super::{Caching, Done, Handle, inside};
use crate::answer::Refusal;
use crate::chain::{self, BadChain};
use crate::csr;
use crate::request::Request;
use crate::tls::{BadIdentity, Identity};

impl From<BadChain> for Refusal {
    fn from(error: BadChain) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<BadIdentity> for Refusal {
    fn from(error: BadIdentity) -> Self {
        match error {
            BadIdentity::Other(error) => error.into(),
            other => Self::bad(other.to_string()),
        }
    }
}

impl Handle for GetTlsPublicPem {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Pem>, Refusal> {
        Done::with(Pem(request.device.identity()?.public_pem()?))
    }
}

impl Handle for GetTlsCertificate {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Pem>, Refusal> {
        Done::with(Pem(request.device.identity()?.chain_pem()))
    }
}

impl Handle for SetTlsCertificate {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), Pem(pem): Pem) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        // One at a time, so that the key does not change in between.
        let _writing = vault.writing()?;
        let identity = request.device.identity()?.with_chain(&pem)?;
        request.device.change_identity(identity)?;
        Done::with(())
    }
}

impl Handle for MakeTlsKey {
    const SCHEMA: &'static str = "tls_generate_key_req";

    fn handle(request: &Request, (): (), wish: GenerateTlsKey) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let identity = Identity::make(wish.key_type, wish.length)?;
        let _writing = vault.writing()?;
        request.device.change_identity(identity)?;
        Done::with(())
    }
}

impl Handle for MakeTlsCsr {
    const SCHEMA: &'static str = "subject_req";

    fn handle(request: &Request, (): (), name: DistinguishedName) -> Result<Done<Pem>, Refusal> {
        let key = request.device.identity()?.private_key()?;
        Done::with(Pem(csr::request(&key, &name)?))
    }
}

impl Handle for GetClusterCa {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), (): ()) -> Result<Done<Pem>, Refusal> {
        let (vault, _) = inside(request)?;
        let pem = vault.cluster_ca()?.ok_or_else(|| {
            let message = "cluster CA is absent unless configured";
            Refusal::new(StatusCode::NOT_FOUND, message)
        })?;
        Done::with(Pem(pem))
    }
}

/// The device's own certificate must be signed by the authority.
impl Handle for SetClusterCa {
    const CACHING: Caching = Caching::Tagged;

    fn handle(request: &Request, (): (), Pem(pem): Pem) -> Result<Done<()>, Refusal> {
        let (vault, _) = inside(request)?;
        let authority = chain::read(&pem)?;
        let [authority] = authority.as_slice() else {
            return Err(Refusal::bad("the cluster CA is one certificate"));
        };
        let writing = vault.writing()?;
        let mut own = request.device.identity()?.certificates();
        if own.last() != Some(authority) {
            own.push(authority.clone());
        }
        chain::verify(&own)?;
        writing.put_cluster_ca(&pem)?;
        Done::with(())
    }
}
