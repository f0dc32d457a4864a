//! Lenient JSON, as the device reads it: names without quotes, and comments.

use zeroize::Zeroizing;

/// Rewrites lenient JSON as strict JSON: drops comments, quotes names. Anything else is left as it
/// stands, to be judged by the strict parser. Nothing if a string or comment does not end.
///
/// The answer is no longer than twice the input and two octets, and erased on drop.
pub(crate) fn strict(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut strict = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let length = match first {
            b'"' => string(rest)?,
            b'/' => {
                rest = rest.get(comment(rest)?..)?;
                strict.push(b' ');
                continue;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let length = rest.iter().take_while(|octet| is_word(**octet)).count();
                let (word, after) = rest.split_at_checked(length)?;
                // A word before a colon is a name; true, false and null elsewhere are values.
                if is_name(after) {
                    strict.push(b'"');
                    strict.extend_from_slice(word);
                    strict.push(b'"');
                    rest = after;
                    continue;
                }
                length
            }
            _ => 1,
        };
        let (taken, after) = rest.split_at_checked(length)?;
        strict.extend_from_slice(taken);
        rest = after;
    }
    Some(strict)
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

/// The length of the string at the start, with both quotes.
pub(crate) fn string(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The length of the comment at the start.
fn comment(text: &[u8]) -> Option<usize> {
    match text.get(1)? {
        b'/' => Some(
            text.iter()
                .position(|octet| *octet == b'\n')
                .unwrap_or(text.len()),
        ),
        b'*' => {
            let end = text.get(2..)?.windows(2).position(|pair| pair == b"*/")?;
            Some(end + 4)
        }
        _ => None,
    }
}

/// Whether a colon comes next, after blanks and comments.
fn is_name(mut text: &[u8]) -> bool {
    loop {
        text = text.trim_ascii_start();
        match text.first() {
            Some(b':') => return true,
            Some(b'/') => match comment(text).and_then(|length| text.get(length..)) {
                Some(after) => text = after,
                None => return false,
            },
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Option<String> {
        strict(text.as_bytes()).map(|strict| String::from_utf8(strict.to_vec()).expect("UTF-8"))
    }

    #[test]
    fn comments_go_and_names_get_quotes() {
        let lenient = "{ /* c: */ realName : \"a // b\", role/**/: true } // x";
        let strict = rewritten(lenient).expect("rewritten");
        let value: serde_json::Value = serde_json::from_str(&strict).expect("strict JSON");
        assert_eq!(
            value,
            serde_json::json!({"realName": "a // b", "role": true})
        );
    }

    #[test]
    fn strict_json_stays_as_it_is() {
        let text = r#"{"a":[1,-2.5e3,null,false],"b\"":"\\","c":{}}"#;
        assert_eq!(rewritten(text).as_deref(), Some(text));
    }

    #[test]
    fn what_does_not_end_is_refused() {
        for text in ["\"a", "\"a\\", "/* a", "/", "/x"] {
            assert_eq!(rewritten(text), None, "{text}");
        }
    }
}
