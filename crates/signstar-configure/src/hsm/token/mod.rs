//! Tokens behind PKCS#11, brought to what the configuration says.

mod apply;
mod certificates;
mod pin;
mod plan;

use std::{rc::Rc, time::Duration};

use nethsm::passphrase::Passphrase;
use signstar::{
    config::{Config, HsmName, Key, KeyName, KeyType, Pkcs11, Token},
    sign::PublicKey,
};
use signstar_hsm::pkcs11::{Failure, KeyKind, Setup, TokenError, wire::Name};

use self::pin::{Pin, Pins};
pub(super) use self::plan::TokenPlan;
use self::plan::{TokenRefusal, TokenStep};
use super::{
    HsmError,
    files::{self, KeyRefusal},
    known::Known,
    places,
};
use crate::shares::Vault;

/// A card needs a minute for a long RSA key.
const KEY_GENERATION: Duration = Duration::from_secs(600);
/// What is noted of a token that was seen.
const SEEN: &str = "seen";

/// One token, with all that is known of it on this host.
pub(super) struct TokenEntry<'a> {
    config: &'a Config,
    pub(super) name: &'a HsmName,
    token: &'a Pkcs11,
    keys: Vec<(&'a KeyName, &'a Key)>,
    pins: Pins,
    /// Where the PIN of its security officer is kept, and that it was seen.
    administration: Option<(places::Place, Known)>,
}

impl<'a> TokenEntry<'a> {
    pub(super) fn new(
        config: &'a Config,
        name: &'a HsmName,
        token: &'a Pkcs11,
        vault: Option<&Rc<Vault>>,
    ) -> Result<Self, HsmError> {
        let administration = match &config.administration {
            None => None,
            Some(administration) => Some((
                places::administrative(administration, name, vault),
                Known::read(administration.folder.join(format!("seen-{name}")))?,
            )),
        };
        Ok(Self {
            config,
            name,
            token,
            keys: config
                .keys
                .iter()
                .filter(|(_, key)| key.hsm == *name)
                .collect(),
            pins: Pins::of(config, name)?,
            administration,
        })
    }

    fn setup(&self) -> Setup<'a> {
        Setup::new(self.token, KEY_GENERATION)
    }

    /// Where it is (RFC 7512).
    fn uri(&self) -> String {
        match self.token.token() {
            Token::Label(label) => format!("pkcs11:token={}", encoded(label)),
            Token::Serial(serial) => format!("pkcs11:serial={}", encoded(serial)),
        }
    }

    /// Looks at the token, and tells what is to be done.
    pub(super) fn plan(&self) -> Result<TokenPlan, HsmError> {
        let mut plan = TokenPlan::of(self.uri());
        let pin = match self.pins.read()? {
            Pin::Several(file) => {
                let why = "several files have different PINs of this token".to_owned();
                plan.refusals.push(TokenRefusal::Pin { why, file });
                return Ok(plan);
            }
            pin => pin,
        };
        let is_new = match self.setup().look() {
            Ok(()) => false,
            Err(error) => match self.may_be_made(&error) {
                Some(Ok(())) => true,
                refused => {
                    plan.refusals.push(match refused {
                        Some(Err(refusal)) => refusal,
                        _ => TokenRefusal::Unreachable {
                            why: error.to_string(),
                        },
                    });
                    return Ok(plan);
                }
            },
        };
        match pin {
            _ if is_new => {
                plan.steps.push(TokenStep::Initialise);
                for (_, key) in &self.keys {
                    self.key(key, None, &mut plan)?;
                }
            }
            Pin::One { pin, missing } => {
                let missing = missing.into_iter();
                plan.steps
                    .extend(missing.map(|file| TokenStep::StorePin { file }));
                for (_, key) in &self.keys {
                    if !self.look_at(key, &pin, &mut plan)? {
                        break;
                    }
                }
            }
            _ => plan.refusals.push(TokenRefusal::Pin {
                why: "the PIN of the token is not known on this host".to_owned(),
                file: self.pins.first(),
            }),
        }
        Ok(plan)
    }

    /// Whether a token that cannot be used is one that is to be made: it is not there, has never been,
    /// and what it takes can be kept. Nothing if that is not the question.
    fn may_be_made(&self, error: &TokenError) -> Option<Result<(), TokenRefusal>> {
        let TokenError::Failed { failure, .. } = error else {
            return None;
        };
        let was_seen = |known: &Known| known.pin(&self.uri()).is_some();
        match (failure, self.token.token(), &self.administration) {
            (Failure::NoToken | Failure::NoPin, Token::Label(_), Some((_, known)))
                if !was_seen(known) =>
            {
                Some(Ok(()))
            }
            (Failure::NoToken, Token::Label(_), None) => Some(Err(TokenRefusal::NoAdministration)),
            (Failure::LockedPin | Failure::LastTry | Failure::NoPin, ..) => {
                Some(Err(TokenRefusal::Pin {
                    why: error.to_string(),
                    file: self.pins.first(),
                }))
            }
            _ => None,
        }
    }

    /// Looks at a key. Tells whether it makes sense to look at another one: a wrong PIN is tried once.
    fn look_at(&self, key: &Key, pin: &Passphrase, plan: &mut TokenPlan) -> Result<bool, HsmError> {
        let found = self.setup().public_key(copy(pin), &name(key));
        let why = match found {
            Ok(public) => {
                self.key(key, Some((&public, pin)), plan)?;
                return Ok(true);
            }
            Err(TokenError::NotShown) => {
                plan.notes.push(format!(
                    "the token does not show the public half of key `{}`: nothing can be said of it",
                    key.id
                ));
                return Ok(true);
            }
            Err(TokenError::Failed {
                failure: Failure::NoKey,
                ..
            }) => {
                self.key(key, None, plan)?;
                return Ok(true);
            }
            Err(error) => error,
        };
        plan.refusals.push(match &why {
            TokenError::Failed {
                failure: Failure::WrongPin | Failure::LockedPin | Failure::LastTry,
                ..
            } => TokenRefusal::Pin {
                why: why.to_string(),
                file: self.pins.first(),
            },
            TokenError::Failed {
                failure: Failure::SeveralKeys | Failure::Refused,
                ..
            } => TokenRefusal::Key(KeyRefusal::Key {
                key: key.id.to_string(),
                why: why.to_string(),
            }),
            _ => TokenRefusal::Unreachable {
                why: why.to_string(),
            },
        });
        Ok(false)
    }

    /// Compares a key with what it is to be, and the files about it with the key.
    fn key(
        &self,
        key: &Key,
        found: Option<(&PublicKey, &Passphrase)>,
        plan: &mut TokenPlan,
    ) -> Result<(), HsmError> {
        if let (None, Some(key_type)) = (found, key.key_type) {
            plan.steps.push(TokenStep::GenerateKey {
                key: key.id.to_string(),
                key_type: key_type.to_string(),
            });
        }
        let mut compared = files::compare(key, found.map(|(public, _)| public))?;
        let certificates = match compared.refusals.is_empty() {
            true => self.compare_certificates(key, found, &mut compared),
            false => Vec::new(),
        };
        plan.steps
            .extend(compared.steps.into_iter().map(TokenStep::File));
        plan.steps.extend(certificates);
        plan.refusals
            .extend(compared.refusals.into_iter().map(TokenRefusal::Key));
        plan.notes.extend(compared.notes);
        Ok(())
    }
}

/// A value in a URI, without spaces.
fn encoded(value: &str) -> String {
    value.replace('%', "%25").replace(' ', "%20")
}

/// A second one, for the one place that sends it.
fn copy(pin: &Passphrase) -> Passphrase {
    Passphrase::new(pin.expose().to_owned())
}

/// How a key is called on the token; without an identifier, by its label alone.
fn name(key: &Key) -> Name {
    let id = key.object_id.as_ref().map(|id| id.as_octets().to_vec());
    Name {
        label: key.id.to_string(),
        id: id.unwrap_or_default(),
    }
}

fn key_kind(key_type: KeyType) -> KeyKind {
    match key_type {
        KeyType::Curve25519 => KeyKind::Ed25519,
        KeyType::EcP256 => KeyKind::P256,
        KeyType::EcP384 => KeyKind::P384,
        KeyType::EcP521 => KeyKind::P521,
        KeyType::Rsa2048 => KeyKind::Rsa { bits: 2048 },
        KeyType::Rsa3072 => KeyKind::Rsa { bits: 3072 },
        KeyType::Rsa4096 => KeyKind::Rsa { bits: 4096 },
    }
}
