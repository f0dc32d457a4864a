//! What is done with hostile octets, one function for each fuzz target.
//!
//! A panic is a finding, and so is a broken promise: what is accepted can be written and read
//! again, and means the same.

use std::{ffi::OsString, io::Cursor, os::unix::ffi::OsStringExt as _, sync::OnceLock};

use nethsm::backup::{Backup, BackupKey, StoredKey, StoredUser};
use sha2::{Digest as _, Sha512};
use signstar::{
    config::{Config, SshNamespace},
    log::{
        Checkpoint, Entry, Hash, KeyName, Note, Policy, Proof, Tile, VerifierKey, bundle as bundles,
    },
    refusal::Code,
    request::{Digest, MAX_OCTETS, Request, Sha512State, Stream},
    response::Answer,
    sign::{Certificate, Detached, PublicKey, SshSignature},
};
use signstar_gpg::{Arguments, Call};
use signstar_hsm::yubihsm2::{
    command::{Command, Frame},
    log::Log,
    object::{Description, Info},
    wrapped::WrapKey,
};
use signstar_log::{
    Answer as Told, FileKey, Question, Use,
    witness::{Answer as Opinion, Witness},
};
use signstar_shares::{Receipt, Recipient, SealedBox, Share};

const LOG: &str = "log.example.org/2026+8862e5c8+AXMt2+Su+oGBMIwOblaioJ+xgxi18YW1kGt47Q9exLL2";
const SHARE: &str = "signstar-share1qygszpn63uvgwrrxhaa6tgc829lml77p35w4l93w\
                     lxd7dh98npns6dggvn770ktqmc8mewjneplsztg6q6mr089whwp5th";
const WITNESS: &str = "witness.example.org/a+b128b3e3+BKnESUrMSfTFJQGgDPTVYkBNU8Z409kYt/MYUgc3TWBV";

/// One request.
pub fn request(octets: &[u8]) {
    let Ok(request) = Request::parse(octets) else {
        return;
    };
    assert!(octets.len() <= MAX_OCTETS);
    let again = Request::parse(request.to_json(1).as_bytes()).expect("an own request is one");
    assert_eq!(again.version(), request.version());
    assert_eq!(again.input().digest(), request.input().digest());
    assert_eq!(again.file_length(), request.file_length());
    assert_eq!(again.output(), request.output());
    assert_eq!(again.alleged_name(), request.alleged_name());
    assert_eq!(again.id(), request.id());
    assert_eq!(again.wants_proof(), request.wants_proof());
}

/// The state of a SHA-512, in either layout.
pub fn state(octets: &[u8]) {
    let Ok(state) = Sha512State::from_octets(octets) else {
        return;
    };
    assert!(state.length() < 1 << 50);
    let again = Sha512State::from_octets(&state.to_octets()).expect("an own state is one");
    assert_eq!(again.digest(), state.digest());
    let mut hasher = state.to_hasher();
    hasher.update([0x5a; 300]);
    if let Ok(longer) = Sha512State::from_hasher(&hasher) {
        assert_eq!(longer.length(), state.length() + 300);
    }
}

/// A session with any number of requests.
pub fn stream(octets: &[u8]) {
    let mut over = false;
    for next in Stream::new(octets) {
        assert!(!over, "nothing follows an error");
        match next {
            Ok(found) => {
                assert!((1..=MAX_OCTETS).contains(&found.as_slice().len()));
                request(found.as_slice());
            }
            Err(_) => over = true,
        }
    }
}

/// What an enclave answers.
pub fn response(octets: &[u8]) {
    match Answer::parse(octets) {
        Ok(Answer::Refusal { code, .. }) => {
            let known = Code::from_name(&code);
            assert!(known.is_none_or(|known| known.as_str() == code));
        }
        Ok(Answer::Signature { text, .. }) => {
            signature(text.as_bytes());
            ssh(text.as_bytes());
        }
        Ok(Answer::Salt { .. } | Answer::Progress { .. }) | Err(_) => {}
    }
}

/// A detached signature, binary or in ASCII armor.
pub fn signature(octets: &[u8]) {
    let armored = str::from_utf8(octets).map(Detached::from_armored);
    let both = [Some(Detached::from_octets(octets)), armored.ok()];
    for detached in both.into_iter().flatten().flatten() {
        let _ = detached.check_without_certificate(&fixed());
        let _ = detached.created();
        let _ = detached.issuers();
        let _ = detached.to_armored();
        if let Ok(written) = detached.to_octets() {
            let again = Detached::from_octets(&written).expect("an own signature is one");
            assert_eq!(again.to_octets().expect("as before"), written);
        }
    }
}

/// A certificate, binary or in ASCII armor.
pub fn certificate(octets: &[u8]) {
    let Ok(certificate) = Certificate::parse(octets) else {
        return;
    };
    let digits = if certificate.is_v6() { 64 } else { 40 };
    assert_eq!(certificate.fingerprint().len(), digits);
    let _ = certificate.public_key();
    let _ = certificate.user_ids().count();
    let written = certificate
        .to_octets()
        .expect("what was read can be written");
    let again = Certificate::parse(&written).expect("an own certificate is one");
    assert_eq!(again.fingerprint(), certificate.fingerprint());
    let _ = certificate.to_armored();
}

/// An SSH signature in its armor.
pub fn ssh(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else {
        return;
    };
    if let Ok(signature) = SshSignature::from_armored(text) {
        let again = SshSignature::from_armored(&signature.to_armored()).expect("an own one");
        assert_eq!(again, signature);
        let namespace = SshNamespace::new("file").expect("a namespace");
        let digest = Digest::Sha512(fixed().digest());
        let _ = signature.verify(signature.key(), &namespace, &digest);
    }
}

/// A public key, as PEM or as a line of SSH.
pub fn public_key(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else {
        return;
    };
    if let Ok(key) = PublicKey::from_pem(text) {
        let pem = key.to_pem().expect("what was read can be written");
        assert_eq!(PublicKey::from_pem(&pem).expect("an own one"), key);
    }
    if let Ok(key) = PublicKey::from_openssh(text) {
        let line = key.to_openssh();
        assert_eq!(PublicKey::from_openssh(&line).expect("an own one"), key);
    }
}

/// A signed note, of whatever is in it.
pub fn note(octets: &[u8]) {
    let Ok(note) = Note::parse(octets) else {
        return;
    };
    assert_eq!(note.to_string().as_bytes(), octets);
    assert_eq!(Note::new(note.text(), note.signatures()), Ok(note.clone()));
    for key in keys() {
        let _ = note.verify(&key);
    }
}

/// The text of a checkpoint.
pub fn checkpoint(octets: &[u8]) {
    let parsed = str::from_utf8(octets).map(str::parse::<Checkpoint>);
    if let Ok(Ok(checkpoint)) = parsed {
        assert_eq!(checkpoint.to_string().as_bytes(), octets);
        assert!(checkpoint.head().size < 1 << 63);
    }
}

/// A proof, checked against a log that never signed it.
pub fn proof(octets: &[u8]) {
    let Ok(proof) = Proof::parse(octets) else {
        return;
    };
    assert_eq!(proof.to_string().as_bytes(), octets);
    for key in keys() {
        let known = Policy::of_log(key);
        if let Ok((entry, signed)) = proof.entry(&known) {
            assert!(proof.index() < signed.head().size);
            proof.verify(entry, &known).expect("the same again");
        }
    }
}

/// The length of a note in two octets, the note, and a policy to hold it against.
pub fn policy(octets: &[u8]) {
    let Some((length, octets)) = octets.split_first_chunk::<2>() else {
        return;
    };
    let length = usize::from(u16::from_be_bytes(*length));
    let (note, octets) = octets.split_at(octets.len().min(length));
    let Ok(policy) = Policy::parse(octets) else {
        return;
    };
    assert!(policy.witnesses().count() + policy.logs().len() <= octets.len());
    for party in policy.logs().iter().chain(policy.witnesses()) {
        let text = party.key.to_string();
        assert_eq!(text.parse::<VerifierKey>().as_ref(), Ok(&party.key));
    }
    if let Ok(note) = Note::parse(note) {
        let _ = policy.check(&note);
    }
}

/// An entry of the log.
pub fn entry(octets: &[u8]) {
    let Ok(entry) = Entry::parse(octets) else {
        return;
    };
    assert_eq!(entry.to_octets(), octets);
    let _ = entry.check();
}

/// A bundle of entries.
pub fn bundle(octets: &[u8]) {
    let Ok(entries) = bundles::entries(octets) else {
        return;
    };
    let mut again = Vec::new();
    for entry in &entries {
        bundles::push(&mut again, entry).expect("it was in a bundle");
    }
    assert_eq!(again, octets);
    let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
    assert!((1..=256).contains(&leaves.len()));
    let _ = Hash::root(&leaves);
}

/// What a holder hands in, and the box that it is for.
pub fn share(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else {
        return;
    };
    if let Ok(share) = Share::read(text) {
        for written in [share.to_text(), share.to_words()] {
            let again = Share::read(written.expose()).expect("an own share is one");
            assert_eq!(again.receipt(), share.receipt());
        }
    }
    if let Ok(sealed) = SealedBox::parse(text) {
        assert_eq!(sealed.to_string(), text);
    }
    if let Ok(receipt) = text.parse::<Receipt>() {
        assert_eq!(receipt.to_string().parse(), Ok(receipt));
    }
    if let Ok(recipient) = Recipient::from_openssh(text) {
        let line = recipient.to_openssh();
        let again = Recipient::from_openssh(&line).expect("an own one");
        assert_eq!(again.to_openssh(), line);
        let share = Share::read(SHARE).expect("a share");
        let sealed = share.seal_to(&recipient);
        assert_eq!(
            Share::read(&sealed).err(),
            Some(signstar_shares::Unreadable::Encrypted)
        );
    }
}

/// The configuration of an enclave.
pub fn configuration(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else {
        return;
    };
    let config = Config::parse(text);
    if let Err(error) = &config {
        assert!(!error.to_string().is_empty());
    }
    if Config::parse_for_host(text).is_ok() {
        assert!(config.is_ok(), "a host takes what nobody else takes");
    }
}

/// A backup, and what stands in one behind the encryption.
pub fn backup(octets: &[u8]) {
    let key = BackupKey::from_bytes(&[0; 32]).expect("a key");
    if let Ok(backup) = Backup::read(Cursor::new(octets)) {
        let _ = backup.open(&key).map(|mut opened| opened.verify());
    }
    if let Some(user) = StoredUser::from_bytes(octets) {
        let again = StoredUser::from_bytes(&user.to_bytes()).expect("an own user");
        assert_eq!(*again.to_bytes(), *user.to_bytes());
    }
    if let Some(key) = StoredKey::from_bytes(octets) {
        let again = StoredKey::from_bytes(&key.to_bytes()).expect("an own key");
        assert_eq!(*again.to_bytes(), *key.to_bytes());
    }
}

/// The path of a tile.
pub fn tile(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else {
        return;
    };
    if let Some(tile) = Tile::from_path(text) {
        assert_eq!(tile.path(), text);
        assert!((1..=256).contains(&tile.width()));
    }
}

/// What is said over the socket of a log, to either side.
pub fn socket(octets: &[u8]) {
    if let Some(question) = Question::parse(octets) {
        assert_eq!(question.to_frame().get(4..), Some(octets));
    }
    if let Some(told) = Told::parse(octets) {
        assert_eq!(told.to_frame().get(4..), Some(octets));
    }
}

/// What a log asks of a witness.
pub fn witness(octets: &[u8]) {
    static WITNESS: OnceLock<Witness> = OnceLock::new();
    let witness = WITNESS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let name = KeyName::new("witness.example.org/b").expect("a name");
        let key = FileKey::generate_for(&folder.join("key"), &name, Use::Witness);
        let log = LOG.parse().expect("a key");
        Witness::open(key.expect("a key"), &[log], &folder.join("seen")).expect("a witness")
    });
    match witness.add_checkpoint(octets, 1_767_225_600) {
        Opinion::Cosigned(signature) => {
            let text = str::from_utf8(octets).expect("it was text");
            let (_, text) = text.split_once("\n\n").expect("it had a note");
            let note = Note::parse(text.as_bytes()).expect("it was a note");
            let signed = Note::new(note.text(), &[signature]).expect("a note");
            signed
                .verify(witness.verifier())
                .expect("its own signature");
        }
        Opinion::Storage(trouble) => panic!("{trouble}"),
        Opinion::Malformed
        | Opinion::UnknownLog
        | Opinion::NotSigned
        | Opinion::Conflict(_)
        | Opinion::NotConsistent => {}
    }
}

/// A command line for `gpg`, with zeros between its arguments.
pub fn gpg(octets: &[u8]) {
    let words = octets.split(|octet| *octet == 0);
    let line: Vec<OsString> = words
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect();
    let arguments = Arguments::parse(&line);
    assert_eq!(line.get(arguments.names_begin..), Some(&*arguments.names));
    if let Call::Sign(signing) = Call::of(&arguments) {
        assert!(signing.inputs.len() <= line.len());
    }
}

/// What a YubiHSM2 says: a message, what is in it of an object or of the log, an object that was exported.
pub fn yubihsm(octets: &[u8]) {
    if let Ok(frame) = Frame::decode(octets) {
        assert_eq!(frame.encode(), octets);
        for command in Command::ALL {
            let _ = frame.clone().answered(command);
        }
    }
    if let Ok(info) = Info::decode(octets) {
        assert_eq!(info.encode(), octets);
    }
    if let Ok((description, rest)) = Description::decode(octets) {
        assert_eq!([&description.encode(), rest].concat(), octets);
    }
    if let Ok(log) = Log::decode(octets) {
        assert_eq!(log.encode(), octets);
        for last in log.entries.iter().map(Some).chain([None]) {
            if let Ok(new) = log.after(last) {
                assert!(new.len() <= log.entries.len());
            }
        }
    }
    let key = WrapKey::from_hex(&"00".repeat(32)).expect("64 digits");
    // Nobody hits a tag of 128 bits.
    assert!(key.info(octets).is_err());
}

/// The log and a witness of the vectors.
fn keys() -> impl Iterator<Item = VerifierKey> {
    let keys = [LOG, WITNESS];
    keys.into_iter().map(|key| key.parse().expect("a key"))
}

/// The state of the file that hostile signatures are held against.
fn fixed() -> Sha512State {
    Sha512State::from_hasher(&Sha512::new_with_prefix("a file")).expect("a short file")
}
