//! A token that was found, and a session that is logged in.

use std::path::Path;

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    object::{KeyType, ObjectHandle},
    session::{Session as Handle, UserType},
    slot::{Slot, TokenInfo},
    types::AuthPin,
};
use nethsm::passphrase::Passphrase;
use signstar::config::Token;
use signstar_hsm::pkcs11::{
    Failure,
    wire::{Login, Name},
};

use crate::failed::Failed;

/// A session that is logged in, perhaps with a key that was found.
#[derive(Debug)]
pub(crate) struct Session {
    // Closed before the module is left.
    pub(crate) handle: Handle,
    pub(crate) key: Option<(ObjectHandle, KeyType)>,
    #[expect(dead_code, reason = "left when the session is, never asked again")]
    module: Module,
}

/// A module that has begun. It is left when this is dropped.
#[derive(Debug)]
pub(crate) struct Module(Option<Pkcs11>);

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

impl Session {
    /// Finds the token and logs in, unless that could lock it.
    pub(crate) fn open(login: &Login) -> Result<Self, Failed> {
        Self::log_in(login, Access::Read)
    }

    /// The same, with the key of this name.
    pub(crate) fn open_with_key(login: &Login, name: &Name) -> Result<Self, Failed> {
        let mut session = Self::open(login)?;
        session.find(name)?;
        Ok(session)
    }

    /// Finds the token and logs in, to change what is on it.
    pub(crate) fn open_for_writing(login: &Login) -> Result<Self, Failed> {
        Self::log_in(login, Access::Write)
    }

    fn log_in(login: &Login, access: Access) -> Result<Self, Failed> {
        let module = Module::begin(&login.module)?;
        let context = module.context()?;
        let slot = module.find(&login.token)?;
        let info = context.get_token_info(slot)?;
        may_be_tried(&info)?;
        let handle = match access {
            Access::Read => context.open_ro_session(slot)?,
            Access::Write => context.open_rw_session(slot)?,
        };
        if info.login_required() {
            handle.login(UserType::User, Some(&pin(&login.pin)))?;
        }
        Ok(Self {
            handle,
            key: None,
            module,
        })
    }
}

/// Finds a token on which a PIN may be tried.
pub(crate) fn look(module: &Path, token: &Token) -> Result<(), Failed> {
    let module = Module::begin(module)?;
    let info = module.context()?.get_token_info(module.find(token)?)?;
    if info.login_required() && !info.user_pin_initialized() {
        let detail = "the token has no CKF_USER_PIN_INITIALIZED".to_owned();
        return Err(Failed(Failure::NoPin, detail));
    }
    may_be_tried(&info)
}

/// Fails if a wrong PIN could lock the token, or has.
fn may_be_tried(info: &TokenInfo) -> Result<(), Failed> {
    let told = |flag: &str| format!("the token says {flag}");
    if info.user_pin_locked() {
        return Err(Failed(Failure::LockedPin, told("CKF_USER_PIN_LOCKED")));
    }
    if info.user_pin_final_try() {
        return Err(Failed(Failure::LastTry, told("CKF_USER_PIN_FINAL_TRY")));
    }
    Ok(())
}

impl Module {
    pub(crate) fn begin(path: &Path) -> Result<Self, Failed> {
        let context = Pkcs11::new(path).map_err(Failed::to_begin)?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        context.initialize(arguments).map_err(Failed::to_begin)?;
        Ok(Self(Some(context)))
    }

    pub(crate) fn context(&self) -> Result<&Pkcs11, Failed> {
        self.0.as_ref().ok_or_else(Failed::out_of_turn)
    }

    /// The one slot with the token.
    pub(crate) fn find(&self, token: &Token) -> Result<Slot, Failed> {
        let context = self.context()?;
        let mut found = Vec::new();
        for slot in context.get_slots_with_token()? {
            // A token may go while all are looked at.
            let Ok(info) = context.get_token_info(slot) else {
                continue;
            };
            let it_is = match token {
                Token::Label(label) => info.label() == label,
                Token::Serial(serial) => info.serial_number() == serial,
            };
            if it_is && info.token_initialized() {
                found.push(slot);
            }
        }
        match found[..] {
            [slot] => Ok(slot),
            [] => Err(Failed(Failure::NoToken, format!("{token:?}"))),
            _ => Err(Failed(Failure::SeveralTokens, format!("{token:?}"))),
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Some(context) = self.0.take() {
            // It is over in any case.
            let _ = context.finalize();
        }
    }
}

/// The PIN as the module takes it, in memory that is erased as well.
pub(crate) fn pin(passphrase: &Passphrase) -> AuthPin {
    AuthPin::new(passphrase.expose().into())
}
