//! What kind of signature is wanted, and how it is written.

use data_encoding::BASE64;
use signstar::{
    request::OutputType,
    sign::{Detached, DoesNotVerify},
};

use crate::Signature;

/// What kind of signature is wanted, and how it is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// OpenPGP, binary, as `FILE.sig`. Package managers want this.
    Binary,
    /// OpenPGP in ASCII armor, as `FILE.asc`.
    Armored,
    /// SSH, in its armor, as `FILE.sshsig`.
    Ssh,
    /// A bare signature over the SHA-512 of the file, binary, as `FILE.rawsig`.
    Raw,
}

impl Form {
    /// Every form, in the order in which signatures are looked for.
    pub const ALL: [Self; 4] = [Self::Binary, Self::Armored, Self::Ssh, Self::Raw];

    /// The form for `output`, in ASCII armor if that is wanted and there is a choice.
    pub fn new(output: OutputType, is_armored: bool) -> Self {
        match output {
            OutputType::Ssh => Self::Ssh,
            OutputType::Raw => Self::Raw,
            OutputType::OpenPgpV4Text => Self::Armored,
            OutputType::OpenPgpV4 | OutputType::OpenPgpV6 if is_armored => Self::Armored,
            OutputType::OpenPgpV4 | OutputType::OpenPgpV6 => Self::Binary,
        }
    }

    /// What is appended to the name of the file.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Binary => ".sig",
            Self::Armored => ".asc",
            Self::Ssh => ".sshsig",
            Self::Raw => ".rawsig",
        }
    }
}

impl Form {
    /// The signature in `octets` of a file in this form.
    pub(crate) fn parse(self, octets: &[u8]) -> Result<Signature, DoesNotVerify> {
        let text = || String::from_utf8_lossy(octets);
        match self {
            Self::Binary => Detached::from_octets(octets).map(|one| Signature::OpenPgp(one.into())),
            Self::Armored => Signature::from_text(OutputType::OpenPgpV4, &text()),
            Self::Ssh => Signature::from_text(OutputType::Ssh, &text()),
            Self::Raw => Signature::from_text(OutputType::Raw, &BASE64.encode(octets)),
        }
    }
}
