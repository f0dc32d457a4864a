//! Bodies of two parts: `multipart/form-data` (RFC 7578).

use zeroize::Zeroizing;

/// Why bytes are not two parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadMultipart {
    /// There is no first delimiter line, or the last delimiter is missing.
    #[error("the body is not cut into parts")]
    Delimiter,
    /// A part has no headers, no end of them, or no name.
    #[error("a part of the body has no name")]
    Name,
    /// Not two.
    #[error("the body has not exactly two parts")]
    Count,
}

/// One part of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part<'a> {
    /// Its name in the form.
    pub name: &'a str,
    /// Its bytes.
    pub content: &'a [u8],
}

/// The most characters of a boundary (RFC 2046 §5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// The media type of a body of parts, boundary included: that of its first delimiter line.
///
/// # Errors
///
/// [`BadMultipart::Delimiter`] if it has none.
pub fn content_type(body: &[u8]) -> Result<String, BadMultipart> {
    Ok(format!("multipart/form-data; boundary={}", boundary(body)?))
}

/// The boundary in a header `Content-Type`, quoted or not.
pub fn boundary_of(content_type: &str) -> Option<&str> {
    let (_, parameters) = content_type.split_once(';')?;
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_it = name.trim().eq_ignore_ascii_case("boundary");
        is_it.then(|| value.trim().trim_matches('"'))
    })
}

/// What stands before the content of a part: delimiter line, headers, empty line. Before all
/// but the first part goes a line end.
pub fn head(boundary: &str, name: &str) -> String {
    let file = if name == "arguments" {
        "\r\nContent-Type: application/json".to_owned()
    } else {
        format!("; filename=\"{name}\"\r\nContent-Type: application/octet-stream")
    };
    format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
}

/// What stands behind the content of the last part.
pub fn tail(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}

/// Two parts, with a boundary that none of them contains.
pub(crate) fn write(parts: [(&str, &[u8]); 2]) -> Zeroizing<Vec<u8>> {
    let boundary = absent(&parts);
    let [(first, a), (second, b)] = parts;
    let (before_first, before_second) = (head(&boundary, first), head(&boundary, second));
    let end = tail(&boundary);
    let pieces: [&[u8]; 6] = [
        before_first.as_bytes(),
        a,
        b"\r\n",
        before_second.as_bytes(),
        b,
        end.as_bytes(),
    ];
    let length = pieces.iter().map(|piece| piece.len()).sum();
    // Room for all at once: growing would leave copies of a key behind.
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    for piece in pieces {
        body.extend_from_slice(piece);
    }
    body
}

/// The first boundary of a row that is not in the content.
fn absent(parts: &[(&str, &[u8])]) -> String {
    let contains = |boundary: &str| {
        parts
            .iter()
            .any(|(_, content)| find(content, boundary.as_bytes()).is_some())
    };
    let mut number: u64 = 0;
    loop {
        let boundary = format!("nethsm-part-{number:08x}");
        if !contains(&boundary) {
            return boundary;
        }
        number += 1;
    }
}

/// The parts of a body.
///
/// # Errors
///
/// [`BadMultipart`] if the body is not cut into named parts.
pub fn read(body: &[u8]) -> Result<Vec<Part<'_>>, BadMultipart> {
    let body = without_preamble(body);
    let delimiter = format!("\r\n--{}", boundary(body)?);
    let mut rest = skip(body, delimiter.len() - 2)?;
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let content = rest.strip_prefix(b"\r\n").ok_or(BadMultipart::Delimiter)?;
        let end = find(content, delimiter.as_bytes()).ok_or(BadMultipart::Delimiter)?;
        parts.push(part(content.get(..end).unwrap_or_default())?);
        rest = skip(content, end + delimiter.len())?;
    }
    Ok(parts)
}

/// Two parts, in their order.
pub(crate) fn read_two(body: &[u8]) -> Result<[Part<'_>; 2], BadMultipart> {
    read(body)?.try_into().map_err(|_| BadMultipart::Count)
}

fn skip(bytes: &[u8], length: usize) -> Result<&[u8], BadMultipart> {
    bytes.get(length..).ok_or(BadMultipart::Delimiter)
}

/// What stands before the first delimiter line means nothing (RFC 2046 §5.1.1); some clients send
/// a line end there.
fn without_preamble(body: &[u8]) -> &[u8] {
    if body.starts_with(b"--") {
        return body;
    }
    let first = find(body, b"\r\n--").and_then(|at| body.get(at + 2..));
    first.unwrap_or(body)
}

fn boundary(body: &[u8]) -> Result<&str, BadMultipart> {
    let line = without_preamble(body)
        .strip_prefix(b"--")
        .ok_or(BadMultipart::Delimiter)?;
    let window = line.get(..LONGEST_BOUNDARY + 2).unwrap_or(line);
    let end = find(window, b"\r\n").ok_or(BadMultipart::Delimiter)?;
    let text = line.get(..end).unwrap_or_default();
    match std::str::from_utf8(text) {
        Ok(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(text)
        }
        _ => Err(BadMultipart::Delimiter),
    }
}

fn part(bytes: &[u8]) -> Result<Part<'_>, BadMultipart> {
    let end = find(bytes, b"\r\n\r\n").ok_or(BadMultipart::Name)?;
    let headers = bytes.get(..end).unwrap_or_default();
    let headers = std::str::from_utf8(headers).map_err(|_| BadMultipart::Name)?;
    Ok(Part {
        name: headers
            .lines()
            .find_map(name_in)
            .ok_or(BadMultipart::Name)?,
        content: bytes.get(end + 4..).unwrap_or_default(),
    })
}

fn name_in(header: &str) -> Option<&str> {
    let (name, value) = header.split_once(':')?;
    if !name.trim().eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    value.split(';').find_map(|parameter| {
        let value = parameter.trim().strip_prefix("name=")?;
        Some(value.trim_matches('"'))
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
