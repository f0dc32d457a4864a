//! The configuration of the device.

mod boot_mode;
mod logging;
mod network;
mod ntp;
mod passphrases;
mod time;
mod tls;

use crate::noun::noun;

/// Gives a noun the verb `show`, which tells what one call answers and may be left out.
macro_rules! shown {
    ($noun:ident by $call:ident) => {
        impl Default for $noun {
            fn default() -> Self {
                Self::Show(Show)
            }
        }

        #[derive(Debug, clap::Args)]
        pub(crate) struct Show;

        impl $crate::noun::Verb for Show {
            fn run(
                &self,
                session: &$crate::session::Session,
            ) -> Result<$crate::answer::Answer, $crate::failure::Failure> {
                let answer = session.call::<nethsm::table::$call>(self, &(), &())?;
                Ok($crate::answer::Answer::of(&answer))
            }
        }
    };
}

use shown;

use self::boot_mode::BootMode;
use self::logging::Logging;
use self::network::Network;
use self::ntp::Ntp;
use self::passphrases::Passphrases;
use self::time::Time;
use self::tls::Tls;

noun! {
    /// The configuration of the device.
    Config {
    } holding {
        /// The key and the certificates of the device's TLS.
        Tls,
        /// What unlocks the device, and what decrypts its backups.
        Passphrases,
    } defaulting {
        /// Where the device is in the network [default: show].
        Network,
        /// The clock of the device [default: show].
        Time,
        /// Where the device gets the time from [default: show].
        Ntp,
        /// Where the log goes [default: show].
        Logging,
        /// Whether the device starts without being unlocked [default: show].
        BootMode,
    }
}
