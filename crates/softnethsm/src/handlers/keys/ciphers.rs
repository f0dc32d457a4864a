//! Encryption and decryption.

use nethsm::id::KeyId;
use nethsm::key::{DecryptMode, DecryptRequest, Decrypted, EncryptRequest, Encrypted};
use nethsm::octets::{Octets, SecretOctets};
use nethsm::table::{Decrypt, Encrypt};
use zeroize::Zeroizing;

use super::{allow_use, key_exists, place};
use crate::answer::Refusal;
use crate::handlers::{Done, Handle, inside};
use crate::keys::{BLOCK, PrivateKey};
use crate::random;
use crate::request::Request;

impl Handle for Encrypt {
    const SCHEMA: &'static str = "encrypt_req";

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(
        request: &Request,
        id: KeyId,
        wish: EncryptRequest,
    ) -> Result<Done<Encrypted>, Refusal> {
        let (vault, caller) = inside(request)?;
        let place = place(request, &id)?;
        let key = vault.loaded(&place)?.ok_or_else(Refusal::not_found)?;
        allow_use(caller, &key, wish.mode.mechanism(), "encryption")?;
        let generic = key
            .private
            .generic()
            .ok_or_else(|| Refusal::bad("Encryption only supported for Generic keys."))?;
        let iv = match wish.iv {
            Some(Octets(iv)) => iv,
            None => {
                let mut iv = vec![0; BLOCK];
                random::fill(&mut iv)?;
                iv
            }
        };
        let encrypted = generic
            .encrypt(wish.message.expose(), &iv)
            .map_err(|error| Refusal::bad(format!("Encryption failed: {error}")))?;
        vault.used(&place)?;
        Done::with(Encrypted {
            encrypted: Octets(encrypted),
            iv: Octets(iv),
        })
    }
}

impl Handle for Decrypt {
    const SCHEMA: &'static str = "decrypt_req";

    fn exists(request: &Request, id: &KeyId) -> Result<bool, Refusal> {
        key_exists(request, id)
    }

    fn handle(
        request: &Request,
        id: KeyId,
        wish: DecryptRequest,
    ) -> Result<Done<Decrypted>, Refusal> {
        let (vault, caller) = inside(request)?;
        let place = place(request, &id)?;
        let key = vault.loaded(&place)?.ok_or_else(Refusal::not_found)?;
        allow_use(caller, &key, wish.mode.mechanism(), "decryption")?;
        let mut decrypted = decrypted(&key.private, &wish)?;
        vault.used(&place)?;
        Done::with(Decrypted {
            decrypted: SecretOctets::new(std::mem::take(&mut decrypted)),
        })
    }
}

fn decrypted(key: &PrivateKey, wish: &DecryptRequest) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let encrypted = wish.encrypted.as_ref();
    match (key.generic(), wish.mode) {
        (Some(generic), DecryptMode::AesCbc) => {
            let iv = wish
                .iv
                .as_ref()
                .ok_or_else(|| Refusal::bad("AES-CBC decrypt requires IV"))?;
            generic
                .decrypt(encrypted, iv.as_ref())
                .map_err(|error| Refusal::bad(format!("Decryption failed: {error}")))
        }
        (Some(_), _) => Err(Refusal::bad("decrypt mode not supported by Generic key")),
        (None, mode) => Ok(key.decrypt(mode, encrypted)?),
    }
}
