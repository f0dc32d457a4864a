//! The client: one handle, many calls, few connections.
//!
//! ```
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
//! # let it = example::operational().with_key("packages");
//! # let (url, tls, passphrase) = (it.url(), it.tls(), example::passphrase());
//! use nethsm::client::Client;
//! use nethsm::passphrase::Credentials;
//! use nethsm::system::SystemState;
//!
//! let device = Client::new(&url.parse()?, &tls)?;
//! assert_eq!(device.state()?, SystemState::Operational);
//!
//! let operator = device.as_user(Credentials::new("operator".parse()?, passphrase));
//! assert_eq!(operator.keys()?, ["packages".parse()?]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calls;
mod connector;
mod error;
mod fleet;
mod options;
mod resolver;
mod shown;
mod tls;
mod transfer;
mod url;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ureq::http::{self, HeaderValue, Request, Response};
use zeroize::Zeroizing;

use crate::body::{Body, Kind};
use crate::call::{Call, Method};
use crate::multipart;
use crate::passphrase::Credentials;
use crate::path::path_of;
use crate::query;

pub use self::error::Error;
pub use self::fleet::{Answered, Condition, Fleet, FleetError, Order};
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
        self.as_shared_user(Arc::new(credentials))
    }

    /// One copy of the passphrase for the handles on all devices of a fleet.
    fn as_shared_user(&self, credentials: Arc<Credentials>) -> Self {
        Self {
            credentials: Some(credentials),
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

    /// The address of the device.
    pub fn url(&self) -> &Url {
        &self.url
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
        self.call_with::<C>(parameters, &C::Query::default(), question)
    }

    /// Makes a call with a query.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`].
    pub fn call_with<C: Call>(
        &self,
        parameters: &C::Parameters,
        query: &C::Query,
        question: &C::Question,
    ) -> Result<C::Answer, Error> {
        let response = self.send::<C, _>(parameters, query, question)?;
        answer::<C>(response)
    }

    /// Makes a call with the alternative to its question.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`].
    pub fn call_alternatively<C: Call>(
        &self,
        parameters: &C::Parameters,
        question: &C::Alternative,
    ) -> Result<C::Answer, Error> {
        let response = self.send::<C, _>(parameters, &C::Query::default(), question)?;
        answer::<C>(response)
    }

    fn send<C: Call, Q: Body>(
        &self,
        parameters: &C::Parameters,
        query: &C::Query,
        question: &Q,
    ) -> Result<Response<ureq::Body>, Error> {
        let bytes = question.to_bytes().map_err(Error::unwritable)?;
        let media_type = match Q::KIND {
            Kind::Multipart => {
                let with_boundary = multipart::content_type(&bytes)
                    .map_err(|error| Error::unwritable(error.into()))?;
                Some(with_boundary.into())
            }
            kind => kind.media_type().map(Cow::Borrowed),
        };
        let request = self.request::<C>(parameters, query, media_type)?;
        let sent = match C::ROW.method {
            Method::Get | Method::Delete => self.run(request.body(()), Some(self.timeout)),
            Method::Post | Method::Put => {
                self.run(request.body(bytes.as_slice()), Some(self.timeout))
            }
        };
        sent.map_err(Error::from)
    }

    /// The head of a request.
    fn request<C: Call>(
        &self,
        parameters: &C::Parameters,
        query: &C::Query,
        media_type: Option<Cow<'static, str>>,
    ) -> Result<http::request::Builder, Error> {
        let path = path_of::<C>(parameters);
        let url = format!("{}{path}{}", self.url, query::write(query));
        let mut request = Request::builder().method(C::ROW.method.as_str()).uri(url);
        if let Some(credentials) = &self.credentials {
            request = request.header(AUTHORIZATION, authorization(credentials)?);
        }
        if let Some(media_type) = media_type {
            request = request.header(CONTENT_TYPE, media_type.as_ref());
        }
        Ok(request)
    }

    fn run<B: ureq::AsSendBody>(
        &self,
        request: http::Result<Request<B>>,
        timeout: Option<Duration>,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let request = self
            .agent
            .configure_request(request?)
            .timeout_global(timeout)
            .build();
        self.agent.run(request)
    }
}

fn answer<C: Call>(response: Response<ureq::Body>) -> Result<C::Answer, Error> {
    let status = response.status().as_u16();
    let bytes = read(response, C::Answer::MOST)?;
    // A tag that was there already is "not modified": what was asked for is so.
    let is_so = status == 304 && C::Answer::KIND == Kind::None;
    if status == C::ROW.success || is_so {
        C::Answer::from_bytes(&bytes).map_err(Error::unreadable)
    } else {
        Err(Error::refused(status, &bytes))
    }
}

/// The bytes of an answer that are read in any case.
const USUAL_ANSWER: u64 = 2 * 1024 * 1024;

fn read(
    mut response: Response<ureq::Body>,
    most: Option<u64>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let limit = most.unwrap_or_default().max(USUAL_ANSWER);
    let body = response.body_mut().with_config().limit(limit);
    Ok(Zeroizing::new(body.read_to_vec()?))
}

/// The header of basic authentication (RFC 7617), erased once sent.
fn authorization(credentials: &Credentials) -> Result<HeaderValue, Error> {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

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
