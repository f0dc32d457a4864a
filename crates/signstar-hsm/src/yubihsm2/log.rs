//! The log of a YubiHSM2: a chain of the last 62 commands.
//!
//! Source: [GET LOG ENTRIES]. Each entry has the beginning of a SHA-256 over itself and that of the
//! entry before it, so that none can be taken out or changed once a later one was read.
//!
//! [GET LOG ENTRIES]: https://developers.yubico.com/YubiHSM2/Commands/Get_Log_Entries.html

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::command::Garbled;

/// How many entries a device keeps.
pub const CAPACITY: usize = 62;
/// The command of the entry that a device begins with when it is new, or was reset.
pub const BEGINNING: u8 = 0xff;

/// The octets of an entry, the digest included.
const LENGTH: usize = 32;

/// The digest of an entry.
pub type Digest = [u8; 16];

/// One command in the log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Its number; 0 follows on 65535.
    pub number: u16,
    /// The command; 0 says that the device was switched on, 255 that it is new.
    pub command: u8,
    /// The octets of the command.
    pub length: u16,
    /// The authentication key of the session, 65535 if there was none.
    pub session_key: u16,
    /// The object that it was about, 65535 if about none.
    pub target: u16,
    /// The other object that it was about, for example the wrap key.
    pub second: u16,
    /// The code of the answer.
    pub result: u8,
    /// The clock of the device, in ticks since it was switched on.
    pub tick: u32,
    /// The digest.
    #[serde(with = "hex::serde")]
    pub digest: Digest,
}

/// All that a device tells of its log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Log {
    /// How often it was switched on without room for an entry.
    pub unlogged_boots: u16,
    /// How often somebody logged in without room for an entry.
    pub unlogged_logins: u16,
    /// The entries, the oldest first.
    pub entries: Vec<Entry>,
}

/// Why entries do not follow on what is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Gap {
    /// Entries are missing.
    #[error("entries are missing between {last} and {next}")]
    Missing {
        /// The last number that is known.
        last: u16,
        /// The next one that the device has.
        next: u16,
    },
    /// A digest is not that of the entry and those before it.
    #[error("entry {0} does not follow on the one before it: one of them was changed")]
    Changed(u16),
    /// The device was reset.
    #[error("the log begins anew: the device was reset")]
    Reset,
}

impl Entry {
    /// As the device tells it, without the digest: 16 octets.
    fn text(&self) -> Vec<u8> {
        [
            &self.number.to_be_bytes()[..],
            &[self.command],
            &self.length.to_be_bytes(),
            &self.session_key.to_be_bytes(),
            &self.target.to_be_bytes(),
            &self.second.to_be_bytes(),
            &[self.result],
            &self.tick.to_be_bytes(),
        ]
        .concat()
    }

    /// What its digest is if it follows on `previous`.
    pub fn digest_after(&self, previous: &Digest) -> Digest {
        let text = [&self.text()[..], previous].concat();
        let whole = digest::digest(&digest::SHA256, &text);
        let half = whole.as_ref().first_chunk();
        half.copied().unwrap_or_default()
    }

    fn decode(octets: &[u8; LENGTH]) -> Self {
        let [
            n1,
            n2,
            command,
            l1,
            l2,
            s1,
            s2,
            t1,
            t2,
            o1,
            o2,
            result,
            k1,
            k2,
            k3,
            k4,
            digest @ ..,
        ] = *octets;
        Self {
            number: u16::from_be_bytes([n1, n2]),
            command,
            length: u16::from_be_bytes([l1, l2]),
            session_key: u16::from_be_bytes([s1, s2]),
            target: u16::from_be_bytes([t1, t2]),
            second: u16::from_be_bytes([o1, o2]),
            result,
            tick: u32::from_be_bytes([k1, k2, k3, k4]),
            digest,
        }
    }
}

impl Log {
    /// As the device tells it.
    pub fn encode(&self) -> Vec<u8> {
        let count = u8::try_from(self.entries.len()).unwrap_or(u8::MAX);
        let mut octets = [
            &self.unlogged_boots.to_be_bytes()[..],
            &self.unlogged_logins.to_be_bytes(),
            &[count],
        ]
        .concat();
        for entry in &self.entries {
            octets.extend(entry.text());
            octets.extend(entry.digest);
        }
        octets
    }

    /// Takes all of `octets`.
    pub fn decode(octets: &[u8]) -> Result<Self, Garbled> {
        let (&[b1, b2, a1, a2, count], entries) = octets.split_first_chunk().ok_or(Garbled)?;
        let (entries, rest) = entries.as_chunks();
        if !rest.is_empty() || entries.len() != usize::from(count) {
            return Err(Garbled);
        }
        Ok(Self {
            unlogged_boots: u16::from_be_bytes([b1, b2]),
            unlogged_logins: u16::from_be_bytes([a1, a2]),
            entries: entries.iter().map(Entry::decode).collect(),
        })
    }

    /// The entries after `last`, the last one that is known; all of them if none is.
    ///
    /// Fails if they do not follow on it, or not on each other.
    pub fn after(&self, last: Option<&Entry>) -> Result<&[Entry], Gap> {
        let known = last.and_then(|last| {
            let mut entries = self.entries.iter();
            entries.position(|entry| entry.number == last.number)
        });
        let new = match (known, last) {
            (None, None) => &self.entries[..],
            (Some(place), Some(last)) => match self.entries.get(place..) {
                Some([same, new @ ..]) if same == last => new,
                // A device that was reset counts from one again.
                _ if self.is_new() => return Err(Gap::Reset),
                _ => return Err(Gap::Changed(last.number)),
            },
            _ => &self.entries[..],
        };
        let mut before = last;
        for entry in new {
            if let Some(before) = before {
                if entry.number != before.number.wrapping_add(1) {
                    return Err(match self.is_new() {
                        true => Gap::Reset,
                        false => Gap::Missing {
                            last: before.number,
                            next: entry.number,
                        },
                    });
                }
                if entry.digest != entry.digest_after(&before.digest) {
                    return Err(Gap::Changed(entry.number));
                }
            }
            before = Some(entry);
        }
        Ok(new)
    }

    fn is_new(&self) -> bool {
        let first = self.entries.first();
        first.is_some_and(|entry| entry.command == BEGINNING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many entries, as a device would have made them.
    fn entries(count: u16) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for number in 1..=count {
            let mut entry = Entry {
                number,
                command: 0x6a,
                length: 34,
                session_key: 2,
                target: 100,
                second: 0xffff,
                result: 0xea,
                tick: 7 * u32::from(number),
                digest: [9; 16],
            };
            if let Some(before) = entries.last() {
                entry.digest = entry.digest_after(&before.digest);
            }
            entries.push(entry);
        }
        entries
    }

    fn log(entries: &[Entry]) -> Log {
        Log {
            unlogged_boots: 0,
            unlogged_logins: 0,
            entries: entries.to_vec(),
        }
    }

    #[test]
    fn what_a_device_tells_is_read_as_a_whole() {
        let told = Log {
            unlogged_boots: 1,
            unlogged_logins: 258,
            entries: entries(3),
        };
        let octets = told.encode();
        assert_eq!(octets.len(), 5 + 3 * 32);
        assert_eq!(Log::decode(&octets), Ok(told));
        assert_eq!(Log::decode(&octets[..octets.len() - 1]), Err(Garbled));
        assert_eq!(Log::decode(&[0, 0, 0, 0, 1]), Err(Garbled));
        assert_eq!(Log::decode(&[]), Err(Garbled));
    }

    #[test]
    fn the_digest_is_that_of_a_device() {
        // From the example that Yubico documents: entries 49 and 50.
        let digest = |text: &str| hex::decode(text).expect("hex").try_into().expect("16");
        let before = digest("b20a8f25c025e693a8e869b433294a20");
        let entry = Entry {
            number: 50,
            command: 0x04,
            length: 17,
            session_key: 0xffff,
            target: 1,
            second: 0xffff,
            result: 0x84,
            tick: 139,
            digest: digest("ebfae425c319ac7a0afbb8b92597de7c"),
        };
        assert_eq!(entry.digest_after(&before), entry.digest);
    }

    #[test]
    fn new_entries_follow_on_the_last_one_that_is_known() {
        let all = entries(6);
        assert_eq!(log(&all).after(None), Ok(&all[..]));
        assert_eq!(log(&all).after(Some(&all[3])), Ok(&all[4..]));
        // The device may have forgotten what was read.
        assert_eq!(log(&all[4..]).after(Some(&all[3])), Ok(&all[4..]));
        assert_eq!(log(&all).after(Some(&all[5])), Ok(&[][..]));
        assert_eq!(log(&[]).after(Some(&all[5])), Ok(&[][..]));
    }

    #[test]
    fn an_entry_that_is_missing_or_changed_is_noticed() {
        let all = entries(6);
        assert_eq!(
            log(&all[3..]).after(Some(&all[1])),
            Err(Gap::Missing { last: 2, next: 4 })
        );
        let mut changed = all.clone();
        changed[4].target = 101;
        assert_eq!(log(&changed).after(Some(&all[2])), Err(Gap::Changed(5)));
        assert_eq!(log(&changed).after(Some(&all[4])), Err(Gap::Changed(5)));
        let mut without = all.clone();
        without.remove(3);
        assert_eq!(
            log(&without).after(Some(&all[0])),
            Err(Gap::Missing { last: 3, next: 5 })
        );
    }

    #[test]
    fn a_device_that_was_reset_is_noticed() {
        let known = entries(6);
        let mut anew = entries(2);
        anew[0].command = BEGINNING;
        // Random in a device.
        anew[0].digest = [8; 16];
        anew[1].digest = anew[1].digest_after(&anew[0].digest);
        for last in &known {
            assert_eq!(log(&anew).after(Some(last)), Err(Gap::Reset));
        }
    }

    #[test]
    fn the_number_after_the_last_one_is_nought() {
        let mut all = entries(2);
        all[0].number = u16::MAX;
        all[1].number = 0;
        all[1].digest = all[1].digest_after(&all[0].digest);
        assert_eq!(log(&all).after(Some(&all[0])), Ok(&all[1..]));
    }
}
