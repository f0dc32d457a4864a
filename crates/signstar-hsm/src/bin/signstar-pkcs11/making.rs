//! Tokens and keys that are made.

use std::path::Path;

use cryptoki::{
    context::Pkcs11,
    mechanism::Mechanism,
    object::{Attribute, ObjectClass, ObjectHandle},
    session::UserType,
};
use nethsm::passphrase::Passphrase;
use signstar::{config::Token, sign::PublicKey};
use signstar_hsm::pkcs11::{Failure, KeyKind, wire::Name};

use crate::{
    failed::Failed,
    token::{Module, Session, pin},
};

/// `CKA_EC_PARAMS` of the curves, what is usual first.
const P256: &[&[u8]] = &[&[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]];
const P384: &[&[u8]] = &[&[0x06, 5, 0x2b, 0x81, 4, 0, 0x22]];
const P521: &[&[u8]] = &[&[0x06, 5, 0x2b, 0x81, 4, 0, 0x23]];
const ED25519: &[&[u8]] = &[&[0x06, 3, 0x2b, 0x65, 0x70], b"\x13\x0cedwards25519"];

/// Makes the token called `label` of the first slot whose token is not initialised, or goes on with one
/// that has no PIN of its user yet.
pub(crate) fn initialise(
    module: &Path,
    label: &str,
    officer: &Passphrase,
    user: &Passphrase,
) -> Result<(), Failed> {
    let module = Module::begin(module)?;
    let token = Token::Label(label.to_owned());
    let context = module.context()?;
    let officer = pin(officer);
    match module.find(&token) {
        Ok(slot) if context.get_token_info(slot)?.user_pin_initialized() => {
            let detail = format!("slot {} has the token {label:?} already", slot.id());
            return Err(Failed(Failure::Refused, detail));
        }
        Ok(_) => {}
        Err(_) => context.init_token(empty_slot(context)?, &officer, label)?,
    }
    // It may be in another slot now.
    let session = context.open_rw_session(module.find(&token)?)?;
    session.login(UserType::So, Some(&officer))?;
    session.init_pin(&pin(user))?;
    Ok(())
}

fn empty_slot(context: &Pkcs11) -> Result<cryptoki::slot::Slot, Failed> {
    for slot in context.get_slots_with_token()? {
        if !context.get_token_info(slot)?.token_initialized() {
            return Ok(slot);
        }
    }
    Err(Failed(Failure::NoSlot, "C_GetSlotList".to_owned()))
}

impl Session {
    /// Makes a key that never leaves the token.
    pub(crate) fn generate(&self, name: &Name, kind: KeyKind) -> Result<PublicKey, Failed> {
        if !self.named(ObjectClass::PRIVATE_KEY, name)?.is_empty() {
            let detail = format!("there is a key {:?} already", name.label);
            return Err(Failed(Failure::Refused, detail));
        }
        let public = match kind {
            KeyKind::Rsa { bits } => self.pair(
                name,
                &Mechanism::RsaPkcsKeyPairGen,
                &[
                    Attribute::ModulusBits(u64::from(bits).into()),
                    Attribute::PublicExponent(vec![1, 0, 1]),
                ],
            )?,
            KeyKind::P256 => self.on_curve(name, &Mechanism::EccKeyPairGen, P256)?,
            KeyKind::P384 => self.on_curve(name, &Mechanism::EccKeyPairGen, P384)?,
            KeyKind::P521 => self.on_curve(name, &Mechanism::EccKeyPairGen, P521)?,
            KeyKind::Ed25519 => self.on_curve(name, &Mechanism::EccEdwardsKeyPairGen, ED25519)?,
        };
        let unknown = || {
            Failed(
                Failure::Refused,
                "the token does not show the key".to_owned(),
            )
        };
        self.shown(public)?.ok_or_else(unknown)
    }

    /// Makes a key on a curve that tokens know under one of these names.
    fn on_curve(
        &self,
        name: &Name,
        mechanism: &Mechanism<'_>,
        curves: &[&[u8]],
    ) -> Result<ObjectHandle, Failed> {
        let mut last = Failed::out_of_turn();
        for curve in curves {
            match self.pair(name, mechanism, &[Attribute::EcParams(curve.to_vec())]) {
                Ok(public) => return Ok(public),
                Err(failed) => last = failed,
            }
        }
        Err(last)
    }

    fn pair(
        &self,
        Name { label, id }: &Name,
        mechanism: &Mechanism<'_>,
        kind: &[Attribute],
    ) -> Result<ObjectHandle, Failed> {
        let label = Attribute::Label(label.as_bytes().to_vec());
        let mut public = vec![
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
            label.clone(),
        ];
        public.extend_from_slice(kind);
        let mut private = vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label,
        ];
        if !id.is_empty() {
            public.push(Attribute::Id(id.clone()));
            private.push(Attribute::Id(id.clone()));
        }
        let made = self.handle.generate_key_pair(mechanism, &public, &private);
        let (public, _) = made?;
        Ok(public)
    }
}
