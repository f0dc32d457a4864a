//! What is in a YubiHSM2: objects, and what may be done with them.
//!
//! Source: the [concepts of the device].
//!
//! [concepts of the device]: https://docs.yubico.com/hardware/yubihsm-2/hsm-2-user-guide/hsm2-intro-core-concepts.html

use std::fmt;

use super::command::{Algorithm, Garbled, Label};

/// The type of an object. A number is unique within its type.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ObjectType(pub u8);

impl ObjectType {
    /// Who may log in, and what for.
    pub const AUTHENTICATION_KEY: Self = Self(2);
    /// A private key.
    pub const ASYMMETRIC_KEY: Self = Self(3);
    /// What other objects are encrypted with when they leave the device.
    pub const WRAP_KEY: Self = Self(4);
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::AUTHENTICATION_KEY => "authentication key",
            Self::ASYMMETRIC_KEY => "asymmetric key",
            Self::WRAP_KEY => "wrap key",
            Self(other) => return write!(f, "object of type {other}"),
        })
    }
}

/// What may be done, as 64 bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// To put authentication keys into the device.
    pub const PUT_AUTHENTICATION_KEY: Self = Self(1 << 0x02);
    /// To have it make asymmetric keys.
    pub const GENERATE_ASYMMETRIC_KEY: Self = Self(1 << 0x04);
    /// To sign with RSA as in PKCS#1 v1.5.
    pub const SIGN_PKCS: Self = Self(1 << 0x05);
    /// To sign with RSA-PSS.
    pub const SIGN_PSS: Self = Self(1 << 0x06);
    /// To sign with ECDSA.
    pub const SIGN_ECDSA: Self = Self(1 << 0x07);
    /// To sign with Ed25519.
    pub const SIGN_EDDSA: Self = Self(1 << 0x08);
    /// To export objects under a wrap key.
    pub const EXPORT_WRAPPED: Self = Self(1 << 0x0c);
    /// To import objects that were exported.
    pub const IMPORT_WRAPPED: Self = Self(1 << 0x0d);
    /// To put wrap keys into the device.
    pub const PUT_WRAP_KEY: Self = Self(1 << 0x0e);
    /// Of an object: to be exported.
    pub const EXPORTABLE_UNDER_WRAP: Self = Self(1 << 0x10);
    /// To change the options of the device.
    pub const SET_OPTION: Self = Self(1 << 0x11);
    /// To read them.
    pub const GET_OPTION: Self = Self(1 << 0x12);
    /// To read the log, and to tell up to where it was read.
    pub const GET_LOG_ENTRIES: Self = Self(1 << 0x18);
    /// To make the device as it was when it was new.
    pub const RESET_DEVICE: Self = Self(1 << 0x1c);
    /// To delete authentication keys.
    pub const DELETE_AUTHENTICATION_KEY: Self = Self(1 << 0x28);
    /// To delete asymmetric keys.
    pub const DELETE_ASYMMETRIC_KEY: Self = Self(1 << 0x29);
    /// To delete wrap keys.
    pub const DELETE_WRAP_KEY: Self = Self(1 << 0x2a);
    /// Everything.
    pub const ALL: Self = Self(u64::MAX);

    /// All four ways of signing.
    pub const SIGN: Self = Self::SIGN_PKCS
        .and(Self::SIGN_PSS)
        .and(Self::SIGN_ECDSA)
        .and(Self::SIGN_EDDSA);

    /// These and those.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything that `other` is allowed is allowed here.
    pub fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What it takes to sign with a key of this algorithm; nothing if it does not sign.
    pub fn to_sign_with(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::ED25519 => Self::SIGN_EDDSA,
            Algorithm::P256 | Algorithm::P384 | Algorithm::P521 => Self::SIGN_ECDSA,
            Algorithm::RSA_2048 | Algorithm::RSA_3072 | Algorithm::RSA_4096 => {
                Self::SIGN_PKCS.and(Self::SIGN_PSS)
            }
            _ => Self::NONE,
        }
    }

    /// What it takes to delete an object of this type; everything for a type that is not known here.
    pub fn to_delete(of_type: ObjectType) -> Self {
        match of_type {
            ObjectType::AUTHENTICATION_KEY => Self::DELETE_AUTHENTICATION_KEY,
            ObjectType::ASYMMETRIC_KEY => Self::DELETE_ASYMMETRIC_KEY,
            ObjectType::WRAP_KEY => Self::DELETE_WRAP_KEY,
            _ => Self::ALL,
        }
    }
}

/// Some of the 16 domains, the first one as the lowest bit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Domains(pub u16);

impl Domains {
    /// All of them.
    pub const ALL: Self = Self(u16::MAX);

    /// One of them, 1 to 16.
    pub fn one(number: u8) -> Option<Self> {
        let shift = number.checked_sub(1)?;
        Some(Self(1_u16.checked_shl(shift.into())?))
    }

    /// Whether there is a domain that is in both.
    pub fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of these are among `others`.
    pub fn are_among(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// The lowest one that is not among these.
    pub fn first_free(self) -> Option<Self> {
        let number = self.0.trailing_ones();
        Some(Self(1_u16.checked_shl(number)?))
    }
}

impl fmt::Display for Domains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers =
            (1..=16).filter(|number| Self::one(*number).is_some_and(|one| one.meet(*self)));
        let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
        f.write_str(&numbers.join(", "))
    }
}

/// What an object is to be when it is made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    /// Its number, 1 to 65534.
    pub id: u16,
    /// Its label.
    pub label: Label,
    /// The domains it is in.
    pub domains: Domains,
    /// What may be done with it; of an authentication key, by who logs in with it.
    pub capabilities: Capabilities,
    /// What kind of key it is.
    pub algorithm: Algorithm,
}

impl Description {
    /// As it is sent: 53 octets.
    pub fn encode(&self) -> Vec<u8> {
        [
            &self.id.to_be_bytes()[..],
            &self.label,
            &self.domains.0.to_be_bytes(),
            &self.capabilities.0.to_be_bytes(),
            &[self.algorithm.0],
        ]
        .concat()
    }

    /// Takes the first 53 octets; what is left is returned.
    pub fn decode(octets: &[u8]) -> Result<(Self, &[u8]), Garbled> {
        let (id, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (label, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (domains, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (capabilities, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (&[algorithm], octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let description = Self {
            id: u16::from_be_bytes(*id),
            label: *label,
            domains: Domains(u16::from_be_bytes(*domains)),
            capabilities: Capabilities(u64::from_be_bytes(*capabilities)),
            algorithm: Algorithm(algorithm),
        };
        Ok((description, octets))
    }
}

/// What the device tells of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Info {
    /// What it is.
    pub description: Description,
    /// Its type.
    pub of_type: ObjectType,
    /// How many octets it takes.
    pub length: u16,
    /// How often the object with this number was replaced.
    pub sequence: u8,
    /// Where it comes from: made (1) or put (2) into the device, and whether it was imported (16).
    pub origin: u8,
    /// What it may hand on: of an authentication key, to new objects; of a wrap key, to what it imports.
    pub delegated: Capabilities,
}

impl Info {
    /// The octets that it is told in.
    pub const LENGTH: usize = 66;
    /// The octets of it before what may be handed on, which are in every exported object.
    pub const HEAD: usize = 58;

    /// As the device tells it: 66 octets.
    pub fn encode(&self) -> Vec<u8> {
        let Description {
            id,
            label,
            domains,
            capabilities,
            algorithm,
        } = &self.description;
        [
            &capabilities.0.to_be_bytes()[..],
            &id.to_be_bytes(),
            &self.length.to_be_bytes(),
            &domains.0.to_be_bytes(),
            &[self.of_type.0, algorithm.0, self.sequence, self.origin],
            label,
            &self.delegated.0.to_be_bytes(),
        ]
        .concat()
    }

    /// Takes all of `octets`, 66 of them.
    pub fn decode(octets: &[u8]) -> Result<Self, Garbled> {
        let (head, delegated) = octets.split_at_checked(Self::HEAD).ok_or(Garbled)?;
        let delegated = delegated.try_into().map_err(|_| Garbled)?;
        let mut info = Self::decode_head(head)?;
        info.delegated = Capabilities(u64::from_be_bytes(delegated));
        Ok(info)
    }

    /// Takes all of `octets`, 58 of them: nothing is said of what may be handed on.
    pub fn decode_head(octets: &[u8]) -> Result<Self, Garbled> {
        let (capabilities, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (id, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (length, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (domains, octets) = octets.split_first_chunk().ok_or(Garbled)?;
        let (&[of_type, algorithm, sequence, origin], octets) =
            octets.split_first_chunk().ok_or(Garbled)?;
        Ok(Self {
            description: Description {
                id: u16::from_be_bytes(*id),
                label: octets.try_into().map_err(|_| Garbled)?,
                domains: Domains(u16::from_be_bytes(*domains)),
                capabilities: Capabilities(u64::from_be_bytes(*capabilities)),
                algorithm: Algorithm(algorithm),
            },
            of_type: ObjectType(of_type),
            length: u16::from_be_bytes(*length),
            sequence,
            origin,
            delegated: Capabilities::NONE,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::command::label, *};

    fn info() -> Info {
        Info {
            description: Description {
                id: 0x1001,
                label: label("packages").expect("a label"),
                domains: Domains(0b101),
                capabilities: Capabilities::SIGN_EDDSA,
                algorithm: Algorithm::ED25519,
            },
            of_type: ObjectType::ASYMMETRIC_KEY,
            length: 128,
            sequence: 3,
            origin: 1,
            delegated: Capabilities::SIGN,
        }
    }

    #[test]
    fn what_is_told_of_an_object_has_66_octets_in_the_order_of_the_device() {
        let octets = info().encode();
        assert_eq!(octets.len(), Info::LENGTH);
        assert_eq!(
            hex::encode(&octets[..18]),
            "0000000000000100100100800005032e0301"
        );
        assert_eq!(Info::decode(&octets), Ok(info()));
        for wrong in [&octets[..65], &[&octets[..], &[0]].concat()] {
            assert_eq!(Info::decode(wrong), Err(Garbled));
        }
    }

    #[test]
    fn a_description_has_53_octets_before_what_it_describes() {
        let description = info().description;
        let octets = [&description.encode()[..], b"key"].concat();
        assert_eq!(octets.len(), 56);
        let read = Description::decode(&octets).expect("whole");
        assert_eq!(read, (description, &b"key"[..]));
        Description::decode(&octets[..52]).expect_err("too short");
    }

    #[test]
    fn domains_are_counted_from_one_to_sixteen() {
        assert_eq!(Domains::one(0), None);
        assert_eq!(Domains::one(1), Some(Domains(1)));
        assert_eq!(Domains::one(16), Some(Domains(0x8000)));
        assert_eq!(Domains::one(17), None);
        assert_eq!(Domains(0b1011).first_free(), Some(Domains(0b100)));
        assert_eq!(Domains::ALL.first_free(), None);
        assert_eq!(Domains(0b1011).to_string(), "1, 2, 4");
    }
}
