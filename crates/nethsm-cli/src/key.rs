//! Keys: make, use, restrict.

mod certificate;
mod cipher;
mod generate;
mod import;
mod list;
mod restrict;
mod sign;

use crate::noun::noun;

use self::certificate::Certificate;
use self::cipher::{Decrypt, Encrypt};
use self::generate::Generate;
use self::import::Import;
use self::list::{Csr, List, Public, Show};
use self::restrict::{Label, Move, Remove, Tag, Unlabel, Untag};
use self::sign::Sign;

noun! {
    /// Keys: make, use, restrict.
    Key {
        /// Make a key inside the device.
        Generate: [MakeKey],
        /// Bring a key into the device, from PEM or raw.
        Import: [AddKey, PutKey],
        /// List the keys of the caller's namespace.
        List: [ListKeys, ListKeysFrom, GetKey],
        /// Show a key.
        Show: [GetKey],
        /// Show the public half of a key as PEM.
        Public: [GetPublicPem],
        /// Make a certificate signing request for a key.
        Csr: [MakeKeyCsr],
        /// Restrict a key to operators with a tag.
        Tag: [PutKeyTag],
        /// Take a tag from a key.
        Untag: [DeleteKeyTag],
        /// Give a key a label.
        Label: [SetLabel],
        /// Take the label from a key.
        Unlabel: [DeleteLabel],
        /// Give a key another name.
        Move: [RenameKey],
        /// Sign a file or a digest.
        Sign: [GetKey, Sign],
        /// Encrypt with a symmetric key.
        Encrypt: [Encrypt],
        /// Decrypt with an RSA key or a symmetric one.
        Decrypt: [Decrypt],
        /// Delete a key.
        Remove: [DeleteKey],
    } holding {
        /// The certificate slot of a key: any bytes up to 1 MiB.
        Certificate,
    }
}
