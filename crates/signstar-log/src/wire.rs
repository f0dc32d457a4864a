//! What is said over the socket (`spec/log.md`, "Socket").

use std::{
    fmt,
    io::{self, Read, Write},
};

use signstar::log::{MAX_ENTRY_OCTETS, RequestId};

/// The longest question or answer, in octets, without its length.
pub(crate) const MAX_FRAME: usize = 4 * MAX_ENTRY_OCTETS;

/// What a signing process asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Question {
    /// Append this entry, in its canonical form.
    Append(Vec<u8>),
    /// The entry of this client's request with this id, if it is on record.
    Find {
        /// The client as entries name it.
        client: String,
        /// The id of the request.
        id: RequestId,
    },
    /// A proof for the entry with this index.
    Prove(u64),
}

/// What it is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A proof with the entry in it (C2SP `tlog-proof`).
    Proof(String),
    /// There is no such entry.
    Nothing,
    /// No answer can be given.
    Trouble(Trouble, String),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The log has stopped or is about to; another try may succeed.
    Stopped,
    /// The question is not one that this process may ask, or not a question.
    Refused,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "stopped",
            Self::Refused => "refused",
        })
    }
}

impl Question {
    /// The question as it is sent, with its length before it.
    pub fn to_frame(&self) -> Vec<u8> {
        match self {
            Self::Append(entry) => frame(b'A', entry),
            Self::Find { client, id } => frame(b'F', format!("{client}\n{id}").as_bytes()),
            Self::Prove(index) => frame(b'P', index.to_string().as_bytes()),
        }
    }

    /// Reads a question without its length. Nothing if it is none.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (kind, rest) = octets.split_first()?;
        Some(match kind {
            b'A' => Self::Append(rest.to_vec()),
            b'F' => {
                let (client, id) = str::from_utf8(rest).ok()?.split_once('\n')?;
                Self::Find {
                    client: client.to_owned(),
                    id: RequestId::new(id)?,
                }
            }
            b'P' => {
                let text = str::from_utf8(rest).ok()?;
                let index: u64 = text.parse().ok()?;
                (index.to_string() == text).then_some(Self::Prove(index))?
            }
            _ => return None,
        })
    }
}

impl Answer {
    /// The answer as it is sent, with its length before it.
    pub fn to_frame(&self) -> Vec<u8> {
        match self {
            Self::Proof(text) => frame(b'P', text.as_bytes()),
            Self::Nothing => frame(b'N', b""),
            Self::Trouble(trouble, message) => {
                frame(b'E', format!("{trouble}\n{message}").as_bytes())
            }
        }
    }

    /// Reads an answer without its length. Nothing if it is none.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (kind, rest) = octets.split_first()?;
        let text = str::from_utf8(rest).ok()?;
        Some(match kind {
            b'P' => Self::Proof(text.to_owned()),
            b'N' if text.is_empty() => Self::Nothing,
            b'E' => {
                let (code, message) = text.split_once('\n')?;
                let trouble = [Trouble::Stopped, Trouble::Refused]
                    .into_iter()
                    .find(|trouble| trouble.to_string() == code)?;
                Self::Trouble(trouble, message.to_owned())
            }
            _ => return None,
        })
    }
}

fn frame(kind: u8, rest: &[u8]) -> Vec<u8> {
    let length = u32::try_from(rest.len().saturating_add(1)).unwrap_or(u32::MAX);
    let mut octets = Vec::with_capacity(rest.len().saturating_add(5));
    octets.extend(length.to_be_bytes());
    octets.push(kind);
    octets.extend(rest);
    octets
}

/// Reads one frame without its length; nothing at the end of the input.
pub(crate) fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = Vec::with_capacity(4);
    from.by_ref().take(4).read_to_end(&mut length)?;
    let length: [u8; 4] = match length.try_into() {
        Ok(length) => length,
        Err(none) if none.is_empty() => return Ok(None),
        Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
    };
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if !(1..=MAX_FRAME).contains(&length) {
        let reason = format!("a message of {length} octets; at most {MAX_FRAME} are read");
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    let mut octets = Vec::new();
    let limit = u64::try_from(length).unwrap_or(u64::MAX);
    from.by_ref().take(limit).read_to_end(&mut octets)?;
    if octets.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(octets))
}

/// Writes a whole frame at once.
pub(crate) fn write_frame(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    to.write_all(frame)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let id = RequestId::new("r-1").expect("an id");
        let questions = [
            Question::Append(b"{}".to_vec()),
            Question::Find {
                client: "builder".to_owned(),
                id,
            },
            Question::Prove(17),
        ];
        for question in questions {
            let frame = question.to_frame();
            let read = read_frame(&mut &*frame).expect("a frame").expect("one");
            assert_eq!(Question::parse(&read), Some(question));
        }
        let answers = [
            Answer::Proof("c2sp.org/tlog-proof@v1\n".to_owned()),
            Answer::Nothing,
            Answer::Trouble(Trouble::Stopped, "no space".to_owned()),
        ];
        for answer in answers {
            let frame = answer.to_frame();
            let read = read_frame(&mut &*frame).expect("a frame").expect("one");
            assert_eq!(Answer::parse(&read), Some(answer));
        }
    }

    #[test]
    fn what_is_no_message_is_noticed() {
        for bad in [
            &[][..],
            b"X",
            b"Fclient",
            b"Fclient\n/",
            b"P01",
            b"P-1",
            b"P",
        ] {
            assert_eq!(Question::parse(bad), None, "{bad:?}");
        }
        for bad in [&[][..], b"X", b"Nx", b"Ebusy\n", b"P\xff"] {
            assert_eq!(Answer::parse(bad), None, "{bad:?}");
        }
        assert!(read_frame(&mut &b""[..]).expect("the end").is_none());
        for bad in [
            &b"\0\0\0"[..],
            b"\0\0\0\0",
            b"\xff\xff\xff\xff",
            b"\0\0\0\x02A",
        ] {
            assert!(read_frame(&mut &*bad).is_err(), "{bad:?}");
        }
    }
}
