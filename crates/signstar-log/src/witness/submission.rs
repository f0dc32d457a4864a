//! What a log sends to its witnesses.

use signstar::log::{Hash, Note};

/// The most hashes of a proof.
const MAX_HASHES: usize = 63;

/// A checkpoint, and a proof that it continues an older one.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Submission {
    /// The size of the older one.
    pub(super) old: u64,
    pub(super) proof: Vec<Hash>,
    pub(super) note: Note,
}

impl Submission {
    /// Reads the line `old SIZE`, the lines of the proof, an empty line, and a note.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let text = str::from_utf8(octets).ok()?;
        let (head, note) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        let digits = lines.next()?.strip_prefix("old ")?;
        let old: u64 = digits.parse().ok()?;
        if old.to_string() != digits {
            return None;
        }
        let proof: Option<Vec<Hash>> = lines.map(|line| line.parse().ok()).collect();
        let proof = proof.filter(|proof| proof.len() <= MAX_HASHES)?;
        let note = Note::parse(note.as_bytes()).ok()?;
        Some(Self { old, proof, note })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";
    const NOTE: &str = "example.com/log\n2\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
                        \u{2014} example.com/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe\
                        4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn a_size_a_proof_and_a_note() {
        let good = format!("old 1\n{HASH}\n\n{NOTE}");
        let parsed = Submission::parse(good.as_bytes()).expect("good");
        assert_eq!((parsed.old, parsed.proof.len()), (1, 1));
        assert_eq!(parsed.note.to_string(), NOTE);
        let first = format!("old 0\n\n{NOTE}");
        assert!(Submission::parse(first.as_bytes()).is_some());
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = format!("{HASH}\n").repeat(64);
        for bad in [
            format!("old 01\n{HASH}\n\n{NOTE}"),
            format!("old +1\n{HASH}\n\n{NOTE}"),
            format!("new 1\n{HASH}\n\n{NOTE}"),
            format!("old 1\n{HASH} \n\n{NOTE}"),
            format!("old 1\n{long}\n{NOTE}"),
            format!("old 1\n{HASH}\n{NOTE}"),
            format!("old 1\n{HASH}\n\n"),
            String::new(),
        ] {
            assert_eq!(Submission::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
