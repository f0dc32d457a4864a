//! Methods for the configuration.

use crate::body::Pem;
use crate::client::{Client, Error};
use crate::config::{Clock, GenerateTlsKey, Logging, Network, NewBackupPassphrase, Ntp};
use crate::csr::DistinguishedName;
use crate::passphrase::Passphrase;
use crate::table;
use crate::time::DeviceTime;

/// Configuration.
///
/// ```no_run
/// use nethsm::config::{LogLevel, Logging};
/// use nethsm::passphrase::Passphrase;
///
/// # fn example(
/// #     administrator: nethsm::client::Client,
/// #     passphrase: String,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// administrator.set_logging(&Logging {
///     ip_address: "192.0.2.7".parse()?,
///     port: 514,
///     log_level: LogLevel::Info,
/// })?;
/// let none_yet = Passphrase::new(String::new());
/// administrator.set_backup_passphrase(Passphrase::fresh(passphrase)?, none_yet)?;
/// # Ok(())
/// # }
/// ```
impl Client {
    /// The public key of the device's TLS as PEM, a `SubjectPublicKeyInfo`.
    pub fn tls_public_pem(&self) -> Result<String, Error> {
        Ok(self.call::<table::GetTlsPublicPem>(&(), &())?.0)
    }

    /// The certificates of the device's TLS as PEM, its own first.
    pub fn tls_certificate(&self) -> Result<String, Error> {
        Ok(self.call::<table::GetTlsCertificate>(&(), &())?.0)
    }

    /// Sets the certificates of the device's TLS, PEM, its own first. [`Error::BadRequest`] if
    /// that is not for its key. From then on another pin is needed.
    pub fn set_tls_certificate(&self, pem: String) -> Result<(), Error> {
        self.call::<table::SetTlsCertificate>(&(), &Pem(pem))
    }

    /// A certificate signing request for the key of the device's TLS: PEM, PKCS #10.
    pub fn tls_csr(&self, subject: &DistinguishedName) -> Result<String, Error> {
        Ok(self.call::<table::MakeTlsCsr>(&(), subject)?.0)
    }

    /// Makes a new key for the device's TLS. From then on another pin is needed.
    pub fn generate_tls_key(&self, question: &GenerateTlsKey) -> Result<(), Error> {
        self.call::<table::MakeTlsKey>(&(), question)
    }

    /// The certificate of the authority of the cluster, PEM; [`Error::NotFound`] if none is set.
    pub fn cluster_ca(&self) -> Result<String, Error> {
        Ok(self.call::<table::GetClusterCa>(&(), &())?.0)
    }

    /// Sets the certificate of the authority of the cluster, PEM. It must vouch for the
    /// certificate of the device's TLS.
    pub fn set_cluster_ca(&self, pem: String) -> Result<(), Error> {
        self.call::<table::SetClusterCa>(&(), &Pem(pem))
    }

    /// Where the device is in the network.
    pub fn network(&self) -> Result<Network, Error> {
        self.call::<table::GetNetwork>(&(), &())
    }

    /// Sets where the device is in the network.
    pub fn set_network(&self, network: &Network) -> Result<(), Error> {
        self.call::<table::SetNetwork>(&(), network)
    }

    /// Where the log goes.
    pub fn logging(&self) -> Result<Logging, Error> {
        self.call::<table::GetLogging>(&(), &())
    }

    /// Sets where the log goes.
    pub fn set_logging(&self, logging: &Logging) -> Result<(), Error> {
        self.call::<table::SetLogging>(&(), logging)
    }

    /// Changes what decrypts the backups to come; `current` is empty if there is none yet. A
    /// wrong one is [`Error::Forbidden`].
    pub fn set_backup_passphrase(&self, new: Passphrase, current: Passphrase) -> Result<(), Error> {
        let question = NewBackupPassphrase {
            new_passphrase: new,
            current_passphrase: current,
        };
        self.call::<table::SetBackupPassphrase>(&(), &question)
    }

    /// Where the device gets the time from (version 5.0 and later).
    pub fn ntp(&self) -> Result<Ntp, Error> {
        self.call::<table::GetNtp>(&(), &())
    }

    /// Sets where the device gets the time from (version 5.0 and later).
    pub fn set_ntp(&self, ntp: &Ntp) -> Result<(), Error> {
        self.call::<table::SetNtp>(&(), ntp)
    }

    /// The time, by the clock of the device.
    pub fn time(&self) -> Result<DeviceTime, Error> {
        Ok(self.call::<table::GetTime>(&(), &())?.time)
    }

    /// Sets the clock of the device.
    pub fn set_time(&self, time: DeviceTime) -> Result<(), Error> {
        self.call::<table::SetTime>(&(), &Clock { time })
    }
}
