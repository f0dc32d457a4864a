//! What is done with a YubiHSM2 besides signing.

use std::time::{Duration, Instant};

use nethsm::passphrase::Passphrase;
use signstar::{config::YubiHsm2, sign::PublicKey};
use zeroize::Zeroizing;

use super::{
    channel::AuthenticationKey,
    command::{COMMAND_AUDIT, Command, FORCE_AUDIT, Garbled, Refusal},
    connector::Connector,
    log::Log,
    object::{Capabilities, Description, Info, ObjectType},
    session::{Found, Session},
    signer::public,
    trouble::Trouble,
    wrapped::WrapKey,
};

/// The authentication key that every new device has.
pub const FACTORY_KEY: u16 = 1;
/// The password of it, which everybody knows.
pub const FACTORY_PASSWORD: &str = "password";
/// Making a long RSA key takes a device up to a minute.
const GENERATION: Duration = Duration::from_secs(180);

/// Why a device was not changed or asked. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct DeviceError(#[from] Trouble);

impl DeviceError {
    /// Whether nobody answers, or nobody who is the device.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self.0,
            Trouble::Unreachable(_)
                | Trouble::Late
                | Trouble::Status(_)
                | Trouble::Garbled(_)
                | Trouble::Unplugged(_)
                | Trouble::Usb(_)
                | Trouble::Busy
        )
    }

    /// Whether the authentication key is not there, or has another password.
    pub fn is_no_login(&self) -> bool {
        matches!(
            self.0,
            Trouble::WrongPassphrase
                | Trouble::Refused(Refusal::OBJECT_NOT_FOUND | Refusal::AUTHENTICATION_FAILED)
        )
    }

    /// Whether it is another device than the configured one.
    pub fn is_other_device(&self) -> bool {
        matches!(self.0, Trouble::Serial(_))
    }

    /// Whether the log of the device is full.
    pub fn is_full_log(&self) -> bool {
        matches!(self.0, Trouble::Refused(Refusal::LOG_FULL))
    }
}

type Answered<T> = Result<T, DeviceError>;

/// Somebody who is logged in at a device.
#[derive(Debug)]
pub struct Administrator {
    session: Session,
    login: Login,
}

/// What it takes to log in.
#[derive(Debug)]
struct Login {
    connector: Connector,
    serial: String,
    number: u16,
    key: AuthenticationKey,
    timeout: Duration,
}

impl Login {
    /// Begins a session, and checks that it is the configured device.
    fn begin(&self) -> Result<Session, Trouble> {
        let end = Instant::now() + self.timeout;
        let mut session = Session::begin(&self.connector, self.number, &self.key, end)?;
        let serial = session.serial(end)?;
        match serial == self.serial {
            true => Ok(session),
            false => Err(Trouble::Serial(serial)),
        }
    }
}

impl Administrator {
    /// Logs in with an authentication key, and checks that it is the configured device.
    pub fn log_in(device: &YubiHsm2, number: u16, passphrase: &Passphrase) -> Answered<Self> {
        let login = Login {
            connector: Connector::new(device),
            serial: device.serial.as_str().to_owned(),
            number,
            key: AuthenticationKey::of_password(passphrase.expose().as_bytes()),
            timeout: Duration::from_secs(device.timeout_seconds.get().into()),
        };
        let begun = match login.begin() {
            Err(trouble) if trouble.is_of_an_ended_session() => login.begin(),
            begun => begun,
        };
        let session = begun?;
        Ok(Self { session, login })
    }

    /// All objects that may be seen, as they are.
    pub fn objects(&mut self) -> Answered<Vec<Info>> {
        let listed = self.ask(Command::ListObjects, &[])?;
        let (entries, rest) = listed.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(Trouble::Garbled(Garbled).into());
        }
        let entries = entries.to_vec();
        entries
            .into_iter()
            .map(|[high, low, of_type, _]| {
                let told = self.ask(Command::GetObjectInfo, &[high, low, of_type])?;
                Ok(Info::decode(&told).map_err(Trouble::from)?)
            })
            .collect()
    }

    /// The public half of a key; nothing if nothing here is signed with such a key.
    pub fn public_key(&mut self, number: u16) -> Answered<Option<PublicKey>> {
        let shown = self.ask(Command::GetPublicKey, &number.to_be_bytes())?;
        let (algorithm, octets) = shown.split_first().ok_or(Trouble::Garbled(Garbled))?;
        Ok(public(&Found {
            id: number,
            algorithm: super::command::Algorithm(*algorithm),
            public: octets.to_vec(),
        }))
    }

    /// Puts an authentication key into the device.
    pub fn put_authentication_key(
        &mut self,
        description: &Description,
        delegated: Capabilities,
        passphrase: &Passphrase,
    ) -> Answered<()> {
        let key = AuthenticationKey::of_password(passphrase.expose().as_bytes());
        self.put(
            Command::PutAuthenticationKey,
            description,
            delegated,
            &key.to_octets()[..],
        )
    }

    /// Puts a wrap key into the device.
    pub fn put_wrap_key(
        &mut self,
        description: &Description,
        delegated: Capabilities,
        key: &WrapKey,
    ) -> Answered<()> {
        self.put(Command::PutWrapKey, description, delegated, key.as_octets())
    }

    fn put(
        &mut self,
        command: Command,
        description: &Description,
        delegated: Capabilities,
        key: &[u8],
    ) -> Answered<()> {
        // At once, so that no buffer grows and leaves some of the key behind.
        let description = description.encode();
        let delegated = delegated.0.to_be_bytes();
        let body = Zeroizing::new([&description[..], &delegated, key].concat());
        self.ask(command, &body).map(drop)
    }

    /// Has the device make an asymmetric key.
    pub fn generate(&mut self, description: &Description) -> Answered<()> {
        let timeout = self.login.timeout.max(GENERATION);
        self.ask_within(
            timeout,
            Command::GenerateAsymmetricKey,
            &description.encode(),
        )
        .map(drop)
    }

    /// Deletes an object.
    pub fn delete(&mut self, of_type: ObjectType, number: u16) -> Answered<()> {
        let [high, low] = number.to_be_bytes();
        self.ask(Command::DeleteObject, &[high, low, of_type.0])
            .map(drop)
    }

    /// Exports an object, encrypted under a wrap key.
    pub fn export(&mut self, wrap_key: u16, of_type: ObjectType, number: u16) -> Answered<Vec<u8>> {
        let [high, low] = number.to_be_bytes();
        let what = [of_type.0, high, low];
        let body = [&wrap_key.to_be_bytes()[..], &what].concat();
        self.ask(Command::ExportWrapped, &body)
    }

    /// Imports an object that was exported.
    pub fn import(&mut self, wrap_key: u16, wrapped: &[u8]) -> Answered<()> {
        let body = [&wrap_key.to_be_bytes()[..], wrapped].concat();
        self.ask(Command::ImportWrapped, &body).map(drop)
    }

    /// Whether the device does nothing more while its log is full.
    pub fn is_audit_forced(&mut self) -> Answered<bool> {
        let value = self.ask(Command::GetOption, &[FORCE_AUDIT])?;
        Ok(value.first().is_some_and(|value| *value > 0))
    }

    /// From now on it does nothing more while its log is full.
    pub fn force_audit(&mut self) -> Answered<()> {
        self.set_option(FORCE_AUDIT, &[1])
    }

    /// The commands that are logged.
    pub fn audited(&mut self) -> Answered<Vec<u8>> {
        let value = self.ask(Command::GetOption, &[COMMAND_AUDIT])?;
        let (pairs, rest) = value.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(Trouble::Garbled(Garbled).into());
        }
        let on = pairs.iter().filter(|[_, value]| *value > 0);
        Ok(on.map(|[command, _]| *command).collect())
    }

    /// From now on these commands are logged.
    pub fn audit(&mut self, commands: &[Command]) -> Answered<()> {
        let pairs: Vec<u8> = (commands.iter())
            .flat_map(|command| [command.code(), 1])
            .collect();
        self.set_option(COMMAND_AUDIT, &pairs)
    }

    fn set_option(&mut self, option: u8, value: &[u8]) -> Answered<()> {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        let body = [&[option][..], &length.to_be_bytes(), value].concat();
        self.ask(Command::SetOption, &body).map(drop)
    }

    /// The log of the device.
    pub fn log(&mut self) -> Answered<Log> {
        let told = self.ask(Command::GetLogEntries, &[])?;
        Ok(Log::decode(&told).map_err(Trouble::from)?)
    }

    /// Entries up to this number were read, and may be forgotten.
    pub fn acknowledge(&mut self, number: u16) -> Answered<()> {
        self.ask(Command::SetLogIndex, &number.to_be_bytes())
            .map(drop)
    }

    fn ask(&mut self, command: Command, body: &[u8]) -> Answered<Vec<u8>> {
        self.ask_within(self.login.timeout, command, body)
    }

    /// Asks, in another session if the device has ended this one: after 30 seconds without a command, or
    /// because somebody took its number for that of his own. It has not done what it was asked then.
    fn ask_within(
        &mut self,
        timeout: Duration,
        command: Command,
        body: &[u8],
    ) -> Answered<Vec<u8>> {
        let asked = (self.session).ask(command, body, Instant::now() + timeout);
        Ok(match asked {
            Err(trouble) if trouble.is_of_an_ended_session() => {
                self.session = self.login.begin()?;
                (self.session).ask(command, body, Instant::now() + timeout)?
            }
            asked => asked?,
        })
    }
}
