//! One secret, split among people.
//!
//! ```text
//!   Secret ──▶ split ──▶ SealedBox ──────────────────────────▶ open ──▶ Opened ──▶ Secret
//!                └────▶ Share ─▶ text, words, QR code ─▶ Share ──┘        └─────▶ reseal
//!                          └───▶ seal_to(Recipient) ─▶ `age -d` ─▶ text
//! ```
//!
//! A [`Secret`] is sealed in a [`SealedBox`] with a random key, and the key is split: a threshold
//! of [`Share`]s opens the box, fewer tell nothing about the key. The formats are described in
//! `spec/shares.md`.
//!
//! ```
//! use signstar_shares::{Scheme, Secret, Share, split};
//!
//! let secret = Secret::new(b"the passphrases of all administrators".to_vec())?;
//! let (sealed, shares) = split(&secret, Scheme::new(2, 3)?, getrandom::fill)?;
//!
//! // The box lies on the host, each share with its holder. Two of them come back:
//! let text = shares[2].to_text();
//! let words = shares[0].to_words();
//! let returned = [Share::read(text.expose())?, Share::read(words.expose())?];
//! let opened = sealed.open(&returned)?;
//! assert_eq!(opened.secret().expose(), secret.expose());
//!
//! // One is not enough.
//! assert!(sealed.open(&returned[..1]).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate touches no file, socket, clock or terminal. Randomness is an argument, but for
//! [`Share::seal_to`]: the library behind it asks the system.
//!
//! # Secrets
//!
//! [`Secret`], [`Share`], [`SecretText`] and [`Opened`] cannot be printed, copied or compared, and are
//! erased on drop:
//!
//! ```compile_fail
//! fn print(share: &signstar_shares::Share) {
//!     println!("{share:?}");
//! }
//! ```
//!
//! ```compile_fail
//! fn copy(secret: &signstar_shares::Secret) -> signstar_shares::Secret {
//!     secret.clone()
//! }
//! ```
//!
//! Arithmetic over them takes the same time whatever they are. To look up words and to draw QR codes
//! does not, and happens beside the person who sees them anyway. Not erased are the copies that the
//! compiler makes on the stack, that the ciphers keep of their state, and that `age` keeps of what it
//! encrypts. Let a ceremony be a process of its own, without core dumps and without swap.

#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod hash;
mod holder;
mod join;
mod key;
mod octets;
mod qr;
mod receipt;
mod scheme;
mod sealed;
mod secret;
mod set;
mod shamir;
mod share;
mod split;
mod text;
mod unreadable;
mod words;

pub use crate::{
    holder::{BadRecipient, Recipient},
    join::{CannotOpen, Opened},
    qr::Terminal,
    receipt::{BadReceipt, Receipt},
    scheme::{BadScheme, MAX_COUNT, MIN_THRESHOLD, Scheme},
    sealed::{BadBox, SealedBox},
    secret::{BadSecret, MAX_SECRET, Secret, SecretText},
    set::SetId,
    share::Share,
    split::split,
    unreadable::Unreadable,
    words::near_words,
};
