//! The client: one handle, many calls, few connections.
//!
//! ```no_run
//! use nethsm::client::{Client, Tls};
//! use nethsm::key::{SignMode, SignRequest};
//! use nethsm::passphrase::{Credentials, Passphrase};
//!
//! fn sign(passphrase: Passphrase) -> Result<(), Box<dyn std::error::Error>> {
//!     let pin = "pin:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
//!     let device = Client::new(&"https://192.0.2.1".parse()?, &pin.parse()?)?;
//!     println!("{}", device.state()?);
//!
//!     let operator = device.as_user(Credentials::new("operator".parse()?, passphrase));
//!     let signature = operator.sign(
//!         &"packages".parse()?,
//!         &SignRequest {
//!             mode: SignMode::EdDsa,
//!             message: b"hello".to_vec().into(),
//!         },
//!     )?;
//!     assert_eq!(signature.len(), 64);
//!     Ok(())
//! }
//! ```

mod calls;
mod connector;
mod error;
mod options;
mod tls;
mod url;

use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ureq::http::{self, HeaderValue, Request, Response};

use crate::body::Body;
use crate::call::{Call, Method};
use crate::passphrase::Credentials;
use crate::path::path_of;

pub use self::error::Error;
pub use self::options::Options;
pub use self::tls::{BadTls, Tls};
pub use self::url::{BadUrl, Url};

/// A handle on one device and, optionally, one user of it.
///
/// Cheap to clone; all handles made from one share its connections, which stay open between
/// calls. Calls block, and any number of threads may call at once.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    url: Arc<Url>,
    credentials: Option<Arc<Credentials>>,
    timeout: Duration,
}

impl Client {
    /// A handle on the device at `url`, for calls that ask for no passphrase, with the usual
    /// [`Options`]. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`BadTls`] if the certificates to trust cannot be read.
    pub fn new(url: &Url, tls: &Tls) -> Result<Self, BadTls> {
        Self::with_options(url, tls, &Options::default())
    }

    /// Like [`Client::new`], with limits of your own.
    ///
    /// # Errors
    ///
    /// [`BadTls`] if the certificates to trust cannot be read.
    pub fn with_options(url: &Url, tls: &Tls, options: &Options) -> Result<Self, BadTls> {
        Ok(Self {
            agent: connector::agent(tls.configuration()?, options),
            url: Arc::new(url.clone()),
            credentials: None,
            timeout: options.timeout,
        })
    }

    /// Another handle on the same connections, for calls as this user.
    #[must_use]
    pub fn as_user(&self, credentials: Credentials) -> Self {
        Self {
            credentials: Some(Arc::new(credentials)),
            ..self.clone()
        }
    }

    /// Another handle on the same connections, whose calls may take this long in all.
    /// Generating a large RSA key takes minutes.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// Makes a call. There is a method for each row of the [table](crate::table); this is
    /// what they are made of.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`]; see there for what to do.
    pub fn call<C: Call>(
        &self,
        parameters: &C::Parameters,
        question: &C::Question,
    ) -> Result<C::Answer, Error> {
        let response = self.send::<C>(parameters, question)?;
        let status = response.status().as_u16();
        let bytes = read(response)?;
        // A tag that was there already is "not modified": what was asked for is so.
        let is_so = status == 304 && <C::Answer as Body>::KIND == crate::body::Kind::None;
        if status == C::ROW.success || is_so {
            C::Answer::from_bytes(&bytes).map_err(Error::unreadable)
        } else {
            Err(Error::refused(status, &bytes))
        }
    }

    fn send<C: Call>(
        &self,
        parameters: &C::Parameters,
        question: &C::Question,
    ) -> Result<Response<ureq::Body>, Error> {
        let url = format!("{}{}", self.url, path_of::<C>(parameters));
        let mut request = Request::builder().method(C::ROW.method.as_str()).uri(url);
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, authorization(credentials)?);
        }
        if let Some(media_type) = C::ROW.question.media_type() {
            request = request.header(CONTENT_TYPE, media_type);
        }
        let sent = match C::ROW.method {
            Method::Get | Method::Delete => self.run(request.body(())),
            Method::Post | Method::Put => {
                let bytes = question.to_bytes().map_err(Error::unwritable)?;
                self.run(request.body(bytes.as_slice()))
            }
        };
        sent.map_err(Error::from)
    }

    fn run<B: ureq::AsSendBody>(
        &self,
        request: http::Result<Request<B>>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let request = self
            .agent
            .configure_request(request?)
            .timeout_global(Some(self.timeout))
            .build();
        self.agent.run(request)
    }
}

/// The most bytes of an answer that are read. The largest there is, a certificate, has 1 MiB.
const LARGEST_ANSWER: u64 = 2 * 1024 * 1024;

fn read(mut response: Response<ureq::Body>) -> Result<Vec<u8>, Error> {
    let body = response.body_mut().with_config().limit(LARGEST_ANSWER);
    Ok(body.read_to_vec()?)
}

/// The header of basic authentication (RFC 7617), erased once sent.
fn authorization(credentials: &Credentials) -> Result<HeaderValue, Error> {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use zeroize::Zeroizing;

    let user = credentials.user.as_str();
    let passphrase = credentials.passphrase.expose();
    let mut pair = Zeroizing::new(Vec::with_capacity(user.len() + 1 + passphrase.len()));
    pair.extend_from_slice(user.as_bytes());
    pair.push(b':');
    pair.extend_from_slice(passphrase.as_bytes());

    // Room for all of it at once: growing would leave pieces behind.
    let mut text = Zeroizing::new(String::with_capacity(8 + pair.len().div_ceil(3) * 4));
    text.push_str("Basic ");
    BASE64_STANDARD.encode_string(&*pair, &mut text);
    let bytes = bytes::Bytes::from_owner(text);
    let mut header = HeaderValue::from_maybe_shared(bytes)
        .map_err(ureq::http::Error::from)
        .map_err(ureq::Error::from)?;
    header.set_sensitive(true);
    Ok(header)
}
