//! Making keys inside the device.

use clap::Args;
use nethsm::id::KeyId;
use nethsm::key::{
    GENERIC_LENGTHS, GenerateKey, KeyLabel, KeyMechanism, KeyType, RSA_LENGTHS, Restrictions,
};
use nethsm::table;

use crate::answer::Answer;
use crate::choice::one_of;
use crate::failure::Failure;
use crate::noun::Verb;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// What to call it [default: the device makes up a name].
    name: Option<KeyId>,

    /// What kind of key.
    #[arg(long = "type", value_name = "TYPE", value_parser = one_of!(KeyType))]
    key_type: KeyType,

    #[arg(
        long, value_name = "BITS", help = format!(
            "Bits, for RSA ({} to {}) and Generic ({} to {})",
            RSA_LENGTHS.start(), RSA_LENGTHS.end(), GENERIC_LENGTHS.start(), GENERIC_LENGTHS.end()
        ),
        required_if_eq_any([("key_type", "RSA"), ("key_type", "Generic")])
    )]
    length: Option<u32>,

    #[command(flatten)]
    rights: Rights,
}

/// What a new key may be used for, and by whom.
#[derive(Args, Debug)]
pub(crate) struct Rights {
    /// What it may be used for; may be repeated [default: signatures, if one kind of signature
    /// fits the type].
    #[arg(long = "mechanism", value_name = "MECHANISM", value_parser = one_of!(KeyMechanism))]
    mechanisms: Vec<KeyMechanism>,

    /// Only operators with this tag may use it; may be repeated.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,

    /// A note, at most 32 bytes.
    #[arg(long, value_name = "TEXT")]
    label: Option<KeyLabel>,
}

impl Rights {
    pub(crate) fn mechanisms(
        &self,
        key_type: Option<KeyType>,
    ) -> Result<Vec<KeyMechanism>, Failure> {
        if !self.mechanisms.is_empty() {
            return Ok(self.mechanisms.clone());
        }
        let fits = |mechanism: &&KeyMechanism| key_type.is_some_and(|of| mechanism.fits(of));
        let fitting: Vec<_> = KeyMechanism::ALL.iter().filter(fits).collect();
        if let [only] = fitting.as_slice() {
            return Ok(vec![**only]);
        }
        let names: Vec<_> = fitting.iter().map(|mechanism| mechanism.as_str()).collect();
        Err(Failure::usage(
            "what shall the key be used for?",
            match names.is_empty() {
                true => "give --mechanism, see --help".to_owned(),
                false => format!("give --mechanism, one or more of: {}", names.join(", ")),
            },
        ))
    }

    pub(crate) fn restrictions(&self) -> Restrictions {
        Restrictions {
            tags: self.tags.clone(),
        }
    }

    pub(crate) fn label(&self) -> KeyLabel {
        self.label.clone().unwrap_or_default()
    }
}

impl Verb for Generate {
    fn run(&self, session: &Session) -> Result<Answer, Failure> {
        let question = GenerateKey {
            length: self.length,
            id: self.name.clone(),
            restrictions: self.rights.restrictions(),
            label: self.rights.label(),
            ..GenerateKey::new(self.key_type, self.rights.mechanisms(Some(self.key_type))?)
        };
        let id = session
            .long_call::<table::MakeKey>(self, &(), &question)?
            .id;
        let about = [("key", id.as_str()), ("type", self.key_type.as_str())];
        Ok(Answer::done("key generated", &about))
    }
}
