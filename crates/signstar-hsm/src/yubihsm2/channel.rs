//! The encrypted channel to a YubiHSM2: SCP03 with AES-128.
//!
//! Source: `GlobalPlatform` Card Specification, Amendment D; the [commands of the device] say where they
//! differ. Both ends make the same keys from the authentication key and a challenge of each; who has
//! another authentication key notices before anything is said.
//!
//! [commands of the device]: https://developers.yubico.com/YubiHSM2/Commands/

use std::{fmt, num::NonZeroU32};

use aes::Aes128;
use aws_lc_rs::{cmac, constant_time, pbkdf2};
use cbc::cipher::{
    BlockModeDecrypt, BlockModeEncrypt, KeyIvInit,
    block_padding::{Iso7816, NoPadding},
};
use zeroize::Zeroizing;

/// What a password becomes a key with.
const SALT: &[u8] = b"Yubico";
const ITERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);

/// A challenge, of either end.
pub type Challenge = [u8; 8];
/// What proves that an end knows the keys, and what authenticates a message.
pub type Tag = [u8; 8];

type Block = [u8; 16];
type SecretBlock = Zeroizing<Block>;

/// An authentication key: one half to encrypt, one to authenticate. Erased when it is dropped.
#[derive(Clone)]
pub struct AuthenticationKey {
    encryption: SecretBlock,
    authentication: SecretBlock,
}

impl fmt::Debug for AuthenticationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticationKey(..)")
    }
}

impl AuthenticationKey {
    /// The key that all tools of the device make of a password: PBKDF2 with HMAC-SHA256, 10,000
    /// rounds and the salt `Yubico`.
    pub fn of_password(password: &[u8]) -> Self {
        let mut halves = Zeroizing::new([[0; 16]; 2]);
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ITERATIONS,
            SALT,
            password,
            halves.as_flattened_mut(),
        );
        let [encryption, authentication] = &*halves;
        Self {
            encryption: Zeroizing::new(*encryption),
            authentication: Zeroizing::new(*authentication),
        }
    }

    /// The key with these octets: 16 to encrypt, then 16 to authenticate.
    pub fn of_octets(octets: &[u8; 32]) -> Self {
        let (encryption, authentication) = octets.split_at(16);
        let half = |octets: &[u8]| {
            let mut half = Zeroizing::new([0; 16]);
            half.copy_from_slice(octets);
            half
        };
        Self {
            encryption: half(encryption),
            authentication: half(authentication),
        }
    }

    /// Both halves, as they are sent to a device that is to have the key.
    pub fn to_octets(&self) -> Zeroizing<[u8; 32]> {
        let mut octets = Zeroizing::new([0; 32]);
        let (encryption, authentication) = octets.split_at_mut(16);
        encryption.copy_from_slice(&*self.encryption);
        authentication.copy_from_slice(&*self.authentication);
        octets
    }

    /// Whether this is the same key, in constant time.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let same =
            |one: &Block, other: &Block| constant_time::verify_slices_are_equal(one, other).is_ok();
        same(&self.encryption, &other.encryption)
            & same(&self.authentication, &other.authentication)
    }
}

/// What was said does not come from the other end, or not at this place.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the message is not by the other end of the encrypted channel")]
pub struct NotAuthentic;

/// Whose cryptogram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The device.
    Device,
    /// Who asks it.
    Host,
}

/// One end of a session: its keys, and how far it is.
pub struct Channel {
    number: u8,
    encryption: SecretBlock,
    of_commands: SecretBlock,
    of_answers: SecretBlock,
    context: [u8; 16],
    /// The whole tag of the last command.
    chain: Block,
    /// The number of the command that is on its way.
    counter: u32,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("number", &self.number)
            .field("counter", &self.counter)
            .finish_non_exhaustive()
    }
}

impl Channel {
    /// The channel with the number that the device gave it.
    pub fn new(number: u8, key: &AuthenticationKey, host: Challenge, device: Challenge) -> Self {
        let mut context = [0; 16];
        for (place, octet) in context.iter_mut().zip(host.into_iter().chain(device)) {
            *place = octet;
        }
        // Amendment D, table 4-1.
        Self {
            number,
            encryption: derived(&key.encryption, 4, 128, &context),
            of_commands: derived(&key.authentication, 6, 128, &context),
            of_answers: derived(&key.authentication, 7, 128, &context),
            context,
            chain: [0; 16],
            counter: 0,
        }
    }

    /// The number of the session.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// How many commands there were, the authentication included.
    pub fn commands(&self) -> u32 {
        self.counter
    }

    /// What proves that an end has the keys.
    pub fn cryptogram(&self, end: End) -> Tag {
        let constant = match end {
            End::Device => 0,
            End::Host => 1,
        };
        first_half(*derived(&self.of_commands, constant, 64, &self.context))
    }

    /// The authentication is over: from now on what is said is encrypted.
    pub fn begin(&mut self) {
        self.counter = 1;
    }

    /// The tag of a command with this code and body, the number of the session included. Every command
    /// goes into the tags of all later ones.
    pub fn tag_of_command(&mut self, code: u8, body: &[u8]) -> Tag {
        self.chain = tag(&self.of_commands, &self.chain, code, body);
        first_half(self.chain)
    }

    /// The tag of the answer to the last command.
    pub fn tag_of_answer(&self, code: u8, body: &[u8]) -> Tag {
        first_half(tag(&self.of_answers, &self.chain, code, body))
    }

    /// Encrypts a command or its answer.
    pub fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        cbc::Encryptor::<Aes128>::new(&(*self.encryption).into(), &self.start().into())
            .encrypt_padded_vec::<Iso7816>(plain)
    }

    /// Decrypts a command or its answer.
    pub fn decrypt(&self, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
        cbc::Decryptor::<Aes128>::new(&(*self.encryption).into(), &self.start().into())
            .decrypt_padded_vec::<Iso7816>(encrypted)
            .map(Zeroizing::new)
            .map_err(|_| NotAuthentic)
    }

    /// A command has its answer: the next one is encrypted differently.
    pub fn advance(&mut self) {
        self.counter = self.counter.saturating_add(1);
    }

    /// What the encryption starts with: the number of the command, encrypted.
    fn start(&self) -> Block {
        let number = u128::from(self.counter).to_be_bytes();
        let encrypted = cbc::Encryptor::<Aes128>::new(&(*self.encryption).into(), &[0; 16].into())
            .encrypt_padded_vec::<NoPadding>(&number);
        encrypted.try_into().unwrap_or(number)
    }
}

/// Whether two tags are the same, in constant time.
pub fn verify(one: &Tag, other: &[u8]) -> Result<(), NotAuthentic> {
    constant_time::verify_slices_are_equal(one, other).map_err(|_| NotAuthentic)
}

/// A key or a cryptogram of so many bits (Amendment D §4.1.5).
fn derived(key: &Block, constant: u8, bits: u16, context: &[u8; 16]) -> SecretBlock {
    let [high, low] = bits.to_be_bytes();
    let label = [0; 11];
    let text = [&label[..], &[constant, 0, high, low, 1], context].concat();
    Zeroizing::new(mac(key, &text))
}

fn tag(key: &Block, chain: &Block, code: u8, body: &[u8]) -> Block {
    let length = u16::try_from(body.len().saturating_add(8)).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    mac(key, &[chain, &[code, high, low][..], body].concat())
}

#[expect(
    clippy::expect_used,
    reason = "nothing may be said with a tag that is not one"
)]
fn mac(key: &Block, text: &[u8]) -> Block {
    let tag = cmac::Key::new(cmac::AES_128, key).and_then(|key| cmac::sign(&key, text));
    let tag = tag.ok().and_then(|tag| tag.as_ref().try_into().ok());
    tag.expect("AES-128 takes a key of 16 octets and makes a tag of as many")
}

fn first_half([a, b, c, d, e, f, g, h, ..]: Block) -> Tag {
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> [Channel; 2] {
        let key = AuthenticationKey::of_password(b"password");
        [(); 2].map(|()| Channel::new(3, &key, [1; 8], [2; 8]))
    }

    #[test]
    fn the_key_of_a_factory_new_device_is_known() {
        // The 32 octets that Yubico documents for "password".
        let key = AuthenticationKey::of_password(b"password");
        assert_eq!(
            hex::encode(*key.to_octets()),
            "090b47dbed595654901dee1cc655e420592fd483f759e29909a04c4505d2ce0a"
        );
    }

    #[test]
    fn a_key_is_the_same_after_it_was_sent() {
        let key = AuthenticationKey::of_password(b"password");
        assert!(AuthenticationKey::of_octets(&key.to_octets()).is_same_as(&key));
    }

    #[test]
    fn what_one_end_says_the_other_understands_and_nobody_else() {
        let [mut host, mut device] = both();
        for channel in [&mut host, &mut device] {
            channel.begin();
        }
        for text in [&b""[..], b"sign", &[7; 16], &[9; 300]] {
            let sealed = host.encrypt(text);
            assert_eq!(
                host.tag_of_command(5, &sealed),
                device.tag_of_command(5, &sealed)
            );
            assert_eq!(device.decrypt(&sealed).expect("good").as_slice(), text);
            host.advance();
            device.advance();
        }
        let other = AuthenticationKey::of_password(b"another");
        let other = Channel::new(3, &other, [1; 8], [2; 8]);
        for end in [End::Device, End::Host] {
            assert_eq!(host.cryptogram(end), device.cryptogram(end));
            assert_ne!(host.cryptogram(end), other.cryptogram(end));
        }
    }

    #[test]
    fn the_same_command_is_never_said_twice_in_the_same_way() {
        let [mut host, _] = both();
        host.begin();
        let first = (host.encrypt(b"sign"), host.tag_of_command(5, b"body"));
        host.advance();
        assert_ne!(first.0, host.encrypt(b"sign"));
        assert_ne!(first.1, host.tag_of_command(5, b"body"));
    }
}
