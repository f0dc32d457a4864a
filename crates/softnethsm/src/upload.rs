//! What is sent and too large for the memory: a file, or two parts of one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use nethsm::multipart::{self, BadMultipart};

/// Before the second part there are at most so many octets.
const LONGEST_START: u64 = 8 << 10;

/// A stretch of a file, read as if it were all.
pub(crate) struct Section {
    file: File,
    start: u64,
    length: u64,
    position: u64,
}

/// Why a file is not two parts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadParts {
    #[error(transparent)]
    Form(#[from] BadMultipart),
    #[error("the upload cannot be read")]
    Unreadable(#[from] io::Error),
}

/// The first part, which is short, and where the second one is: by order, whatever their names.
pub(crate) fn two_parts(mut file: File) -> Result<(Vec<u8>, Section), BadParts> {
    let whole = file.metadata()?.len();
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(LONGEST_START).read_to_end(&mut start)?;
    let content_type = multipart::content_type(&start)?;
    let boundary = multipart::boundary_of(&content_type).ok_or(BadMultipart::Delimiter)?;
    let delimiter = format!("\r\n--{boundary}");

    let first = after(&start, 0, b"\r\n\r\n").ok_or(BadMultipart::Name)?;
    let behind = after(&start, first, delimiter.as_bytes()).ok_or(BadMultipart::Delimiter)?;
    let content = start.get(first..behind - delimiter.len());
    let second = after(&start, behind, b"\r\n\r\n").ok_or(BadMultipart::Count)?;

    // The last delimiter, with little behind it.
    let longest_end = 2 * u64::try_from(delimiter.len()).unwrap_or_default() + 64;
    let second = u64::try_from(second).map_err(|_| BadMultipart::Delimiter)?;
    let tail = whole.saturating_sub(longest_end).max(second);
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(tail))?;
    file.by_ref().take(longest_end).read_to_end(&mut end)?;
    let closing = format!("{delimiter}--");
    let at = end
        .windows(closing.len())
        .rposition(|window| window == closing.as_bytes())
        .ok_or(BadMultipart::Delimiter)?;
    let at = tail + u64::try_from(at).unwrap_or_default();
    let section = Section {
        file,
        start: second,
        length: at.saturating_sub(second),
        position: 0,
    };
    Ok((content.unwrap_or_default().to_vec(), section))
}

/// Where what follows the first `wanted` from `from` on begins.
fn after(octets: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = octets.get(from..)?;
    let at = rest
        .windows(wanted.len())
        .position(|window| window == wanted)?;
    Some(from + at + wanted.len())
}

impl Section {
    /// How many octets there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }
}

impl Read for Section {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let Some(into) = into.get_mut(..most) else {
            return Ok(0);
        };
        self.file
            .seek(SeekFrom::Start(self.start + self.position))?;
        let length = self.file.read(into)?;
        self.position += u64::try_from(length).unwrap_or_default();
        Ok(length)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(octets: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(octets).expect("written");
        file
    }

    #[test]
    fn the_second_part_may_hold_anything() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{}\r\n--b\r\n\
            Content-Disposition: form-data; name=\"y\"\r\n\r\none\r\n--\r\n--b two\r\n\r\n--b--\r\n";
        let (first, mut second) = two_parts(file(body)).expect("two parts");
        assert_eq!(first, b"{}");
        let mut content = Vec::new();
        second.read_to_end(&mut content).expect("read");
        assert_eq!(content, b"one\r\n--\r\n--b two\r\n");
        assert_eq!(second.length(), 18);
    }

    #[test]
    fn one_part_or_no_end_is_refused() {
        for body in [
            b"".as_slice(),
            b"x",
            b"--b\r\n",
            b"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{}\r\n--b--\r\n",
            b"--b\r\nA: b\r\n\r\n{}\r\n--b\r\nA: b\r\n\r\nno end",
        ] {
            assert!(two_parts(file(body)).is_err());
        }
    }
}
