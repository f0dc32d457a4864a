//! Methods for the configuration.

use crate::body::Pem;
use crate::client::{Client, Error};
use crate::config::{Clock, GenerateTlsKey, Logging, Network, NewBackupPassphrase, Ntp};
use crate::csr::DistinguishedName;
use crate::passphrase::Passphrase;
use crate::table::{self, facts};
use crate::time::DeviceTime;

/// Configuration.
///
/// ```
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
/// # let it = example::operational();
/// # let (administrator, passphrase) = (it.user("admin"), example::passphrase());
/// use nethsm::config::{LogLevel, Logging};
/// use nethsm::passphrase::Passphrase;
///
/// let logging = Logging {
///     ip_address: "127.0.0.1".parse()?,
///     port: 5140,
///     log_level: LogLevel::Warning,
/// };
/// administrator.set_logging(&logging)?;
/// assert_eq!(administrator.logging()?, logging);
///
/// let none_yet = Passphrase::new(String::new());
/// administrator.set_backup_passphrase(passphrase, none_yet)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Client {
    /// The public key of the device's TLS as PEM, a `SubjectPublicKeyInfo`.
    #[doc = facts!(GetTlsPublicPem)]
    pub fn tls_public_pem(&self) -> Result<String, Error> {
        Ok(self.call::<table::GetTlsPublicPem>(&(), &())?.0)
    }

    /// The certificates of the device's TLS as PEM, its own first.
    #[doc = facts!(GetTlsCertificate)]
    pub fn tls_certificate(&self) -> Result<String, Error> {
        Ok(self.call::<table::GetTlsCertificate>(&(), &())?.0)
    }

    /// Sets the certificates of the device's TLS, PEM, its own first. [`Error::BadRequest`] if
    /// that is not for its key. From then on another pin is needed.
    #[doc = facts!(SetTlsCertificate)]
    pub fn set_tls_certificate(&self, pem: String) -> Result<(), Error> {
        self.call::<table::SetTlsCertificate>(&(), &Pem(pem))
    }

    /// A certificate signing request for the key of the device's TLS: PEM, PKCS #10.
    #[doc = facts!(MakeTlsCsr)]
    pub fn tls_csr(&self, subject: &DistinguishedName) -> Result<String, Error> {
        Ok(self.call::<table::MakeTlsCsr>(&(), subject)?.0)
    }

    /// Makes a new key for the device's TLS. From then on another pin is needed.
    ///
    /// ```
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/device.rs")); }
    /// # let it = example::operational();
    /// # let administrator = it.user("admin");
    /// use nethsm::client::{Client, Tls};
    /// use nethsm::config::GenerateTlsKey;
    /// use nethsm::key::TlsKeyType;
    /// use rustls_pki_types::CertificateDer;
    /// use rustls_pki_types::pem::PemObject;
    ///
    /// let key_type = TlsKeyType::EcP384;
    /// administrator.generate_tls_key(&GenerateTlsKey { key_type, length: None })?;
    ///
    /// // Asked over a connection that has seen the old certificate.
    /// let pem = administrator.tls_certificate()?;
    /// let pin = Tls::pin(&CertificateDer::from_pem_slice(pem.as_bytes())?);
    /// println!("{pin}");
    /// let device = Client::new(administrator.url(), &pin)?;
    /// device.ready()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc = facts!(MakeTlsKey)]
    pub fn generate_tls_key(&self, question: &GenerateTlsKey) -> Result<(), Error> {
        self.call::<table::MakeTlsKey>(&(), question)
    }

    /// The certificate of the authority of the cluster, PEM; [`Error::NotFound`] if none is set.
    #[doc = facts!(GetClusterCa)]
    pub fn cluster_ca(&self) -> Result<String, Error> {
        Ok(self.call::<table::GetClusterCa>(&(), &())?.0)
    }

    /// Sets the certificate of the authority of the cluster, PEM. It must vouch for the
    /// certificate of the device's TLS.
    #[doc = facts!(SetClusterCa)]
    pub fn set_cluster_ca(&self, pem: String) -> Result<(), Error> {
        self.call::<table::SetClusterCa>(&(), &Pem(pem))
    }

    /// Where the device is in the network.
    #[doc = facts!(GetNetwork)]
    pub fn network(&self) -> Result<Network, Error> {
        self.call::<table::GetNetwork>(&(), &())
    }

    /// Sets where the device is in the network.
    #[doc = facts!(SetNetwork)]
    pub fn set_network(&self, network: &Network) -> Result<(), Error> {
        self.call::<table::SetNetwork>(&(), network)
    }

    /// Where the log goes.
    #[doc = facts!(GetLogging)]
    pub fn logging(&self) -> Result<Logging, Error> {
        self.call::<table::GetLogging>(&(), &())
    }

    /// Sets where the log goes.
    #[doc = facts!(SetLogging)]
    pub fn set_logging(&self, logging: &Logging) -> Result<(), Error> {
        self.call::<table::SetLogging>(&(), logging)
    }

    /// Changes what decrypts the backups to come; `current` is empty if there is none yet. A
    /// wrong one is [`Error::Forbidden`].
    #[doc = facts!(SetBackupPassphrase)]
    pub fn set_backup_passphrase(&self, new: Passphrase, current: Passphrase) -> Result<(), Error> {
        let question = NewBackupPassphrase {
            new_passphrase: new,
            current_passphrase: current,
        };
        self.call::<table::SetBackupPassphrase>(&(), &question)
    }

    /// Where the device gets the time from (version 5.0 and later).
    #[doc = facts!(GetNtp)]
    pub fn ntp(&self) -> Result<Ntp, Error> {
        self.call::<table::GetNtp>(&(), &())
    }

    /// Sets where the device gets the time from (version 5.0 and later).
    #[doc = facts!(SetNtp)]
    pub fn set_ntp(&self, ntp: &Ntp) -> Result<(), Error> {
        self.call::<table::SetNtp>(&(), ntp)
    }

    /// The time, by the clock of the device.
    #[doc = facts!(GetTime)]
    pub fn time(&self) -> Result<DeviceTime, Error> {
        Ok(self.call::<table::GetTime>(&(), &())?.time)
    }

    /// Sets the clock of the device.
    #[doc = facts!(SetTime)]
    pub fn set_time(&self, time: DeviceTime) -> Result<(), Error> {
        self.call::<table::SetTime>(&(), &Clock { time })
    }
}
