//! The metrics of all clients, as one page.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use nix::fcntl::OFlag;
use signstar::config::Config;

use crate::{Error, configuration::read};

/// The longest file that is read, in octets (1 MiB).
const MAX_OCTETS: u64 = 1 << 20;
/// The most of all files together, in octets (16 MiB).
const MAX_ALL: usize = 16 << 20;

/// Writes the samples of all `*.prom` in the folder for metrics, and fails at the end if some of
/// the files are left out.
pub(super) fn hand_out(config: &Config, out: &mut dyn Write) -> Result<(), Error> {
    let folder = config.metrics.as_deref().ok_or(Error::NoMetrics)?;
    let (page, left_out) = page(folder).map_err(|source| Error::Read {
        path: folder.to_owned(),
        source,
    })?;
    out.write_all(page.text().as_bytes())
        .map_err(Error::Output)?;
    match left_out.is_empty() {
        true => Ok(()),
        false => Err(Error::Incomplete(left_out)),
    }
}

fn page(folder: &Path) -> io::Result<(Page, Vec<String>)> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("prom")) {
            names.push(path);
        }
    }
    names.sort();
    let mut page = Page::default();
    let mut left_out = Vec::new();
    let mut room = MAX_ALL;
    for path in names {
        let added = text(&path).and_then(|text| {
            room = room
                .checked_sub(text.len())
                .ok_or_else(|| io::Error::other("too much in all"))?;
            page.add(&text);
            Ok(())
        });
        if let Err(error) = added {
            left_out.push(format!("{}: {error}", path.display()));
        }
    }
    Ok((page, left_out))
}

/// The text of a regular file. What stands in this folder is written by users of several kinds:
/// a link would show what only this user may read, and a pipe would keep it waiting.
fn text(path: &Path) -> io::Result<String> {
    let file: File = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    String::from_utf8(read(file, MAX_OCTETS)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Samples by the metric that they belong to, each metric once: a page on which one is described
/// twice, or stands in two places, is refused by readers of the text format of Prometheus.
#[derive(Debug, Default)]
struct Page {
    order: Vec<String>,
    metrics: BTreeMap<String, Metric>,
}

#[derive(Debug, Default)]
struct Metric {
    /// `# HELP` and `# TYPE`, each as it was first.
    about: BTreeMap<&'static str, String>,
    samples: Vec<String>,
}

impl Page {
    /// Adds the samples of a file.
    fn add(&mut self, text: &str) {
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let described = ["HELP", "TYPE"].into_iter().find_map(|kind| {
                let rest = line.strip_prefix("# ")?.strip_prefix(kind)?;
                Some((kind, rest.split_whitespace().next()?))
            });
            if let Some((kind, name)) = described {
                name.clone_into(&mut current);
                let about = &mut self.metric(&current).about;
                about.entry(kind).or_insert_with(|| line.to_owned());
                continue;
            }
            if line.starts_with('#') {
                continue;
            }
            let end = line.find(['{', ' ', '\t']).unwrap_or(line.len());
            let name = line.get(..end).unwrap_or(line);
            // A histogram has samples called NAME_bucket, NAME_sum and NAME_count.
            let is_part = name
                .strip_prefix(current.as_str())
                .is_some_and(|rest| ["", "_bucket", "_sum", "_count", "_total"].contains(&rest));
            if current.is_empty() || !is_part {
                name.clone_into(&mut current);
            }
            self.metric(&current).samples.push(line.to_owned());
        }
    }

    fn metric(&mut self, name: &str) -> &mut Metric {
        if !self.metrics.contains_key(name) {
            self.order.push(name.to_owned());
        }
        self.metrics.entry(name.to_owned()).or_default()
    }

    fn text(&self) -> String {
        let metrics = self.order.iter().filter_map(|name| self.metrics.get(name));
        metrics
            .flat_map(|metric| metric.about.values().chain(&metric.samples))
            .flat_map(|line| [line.as_str(), "\n"])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const ONE: &str = "# HELP signed Signatures.\n# TYPE signed counter\nsigned{client=\"a\"} 1\n\
        # HELP hsm_seconds Time.\n# TYPE hsm_seconds histogram\n\
        hsm_seconds_bucket{client=\"a\",le=\"+Inf\"} 1\nhsm_seconds_count{client=\"a\"} 1\n";

    #[test]
    fn each_metric_is_described_once_and_stands_in_one_place() {
        let mut page = Page::default();
        page.add(ONE);
        page.add(&ONE.replace("\"a\"", "\"b\""));
        page.add("# a remark\nup 1");
        assert_eq!(
            page.text(),
            "# HELP signed Signatures.\n# TYPE signed counter\n\
             signed{client=\"a\"} 1\nsigned{client=\"b\"} 1\n\
             # HELP hsm_seconds Time.\n# TYPE hsm_seconds histogram\n\
             hsm_seconds_bucket{client=\"a\",le=\"+Inf\"} 1\nhsm_seconds_count{client=\"a\"} 1\n\
             hsm_seconds_bucket{client=\"b\",le=\"+Inf\"} 1\nhsm_seconds_count{client=\"b\"} 1\n\
             up 1\n"
        );
    }

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.prom"), "up 1\n").expect("written");
        fs::write(path("half.prom.new"), "half 1\n").expect("written");
        fs::write(path("secret"), "passphrase 1\n").expect("written");
        symlink(path("secret"), path("link.prom")).expect("linked");
        fs::create_dir(path("folder.prom")).expect("created");
        fs::write(path("large.prom"), vec![b'#'; (1 << 20) + 1]).expect("written");
        let (page, left_out) = page(folder.path()).expect("a folder");
        assert_eq!(page.text(), "up 1\n");
        assert_eq!(left_out.len(), 3, "{left_out:?}");
    }
}
