//! A file to sign, and where its signature goes.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs, io,
    path::{self, Path, PathBuf},
};

use crate::{Error, Form, NameSalt, Signature, atomic::write_in_order};

/// What the name of a proof has behind that of its signature.
pub(crate) const PROOF: &str = ".proof";
/// What the name of the salt of a file name has behind that of the signature.
pub(crate) const NAME_SALT: &str = ".name-salt";

/// A file to sign, and where its signature goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// The file.
    pub input: PathBuf,
    /// Its signature.
    pub output: PathBuf,
    /// How that is written.
    pub form: Form,
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// `path` with `suffix` at its end.
pub(crate) fn append(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Where the signatures of `inputs` go: beside them or, under the same names, into `folder`.
///
/// Fails before anything is done if two would go into the same file, if one would replace another
/// input, or if `folder` is not one.
pub fn plan(inputs: Vec<PathBuf>, folder: Option<&Path>, form: Form) -> Result<Vec<Target>, Error> {
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        return Err(Error::NoOutputFolder(folder.to_owned()));
    }
    let place = |input: PathBuf| {
        let named = append(&input, form.suffix());
        let output = match (folder, named.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => named,
        };
        Target {
            input,
            output,
            form,
        }
    };
    let targets: Vec<Target> = inputs.into_iter().map(place).collect();
    check_apart(&targets)?;
    Ok(targets)
}

fn check_apart(targets: &[Target]) -> Result<(), Error> {
    let mut inputs = HashMap::new();
    for target in targets {
        inputs.insert(absolute(&target.input), &target.input);
    }
    let mut outputs: HashMap<PathBuf, &Path> = HashMap::new();
    for target in targets {
        let output = absolute(&target.output);
        if let Some(&input) = inputs.get(&output) {
            return Err(Error::OutputIsInput {
                input: target.input.clone(),
                output: input.clone(),
            });
        }
        if let Some(first) = outputs.insert(output, &target.input) {
            return Err(Error::SameOutput {
                first: first.to_owned(),
                second: target.input.clone(),
                output: target.output.clone(),
            });
        }
    }
    Ok(())
}

/// The same path in one spelling, as far as that can be told from the path.
fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl Target {
    /// Where the proof goes that the signature is in the log: beside it, with `.proof` at the end.
    pub fn proof(&self) -> PathBuf {
        append(&self.output, PROOF)
    }

    /// Where the salt goes that hides the name of the file in the log, with `.name-salt` at the
    /// end.
    pub fn name_salt(&self) -> PathBuf {
        append(&self.output, NAME_SALT)
    }

    /// Writes the signature, each file atomically, behind its proof and the salt of the name, so
    /// that none is without them. Those of an earlier signature that this one has not are removed
    /// first.
    pub(crate) fn write(
        &self,
        signature: &Signature,
        proof: Option<&str>,
        salt: Option<&NameSalt>,
    ) -> Result<(), Error> {
        let failed = |path: &Path, source| Error::Write {
            path: path.to_owned(),
            source,
        };
        let salt = salt.map(ToString::to_string);
        let beside = [(self.proof(), proof), (self.name_salt(), salt.as_deref())];
        let signature = signature
            .to_octets(self.form)
            .map_err(|source| failed(&self.output, source))?;
        let mut files = Vec::new();
        for (path, text) in &beside {
            match text {
                Some(text) => files.push((&**path, text.as_bytes())),
                None => remove(path).map_err(|source| failed(path, source))?,
            }
        }
        files.push((&self.output, &signature));
        write_in_order(&files).map_err(|(path, source)| failed(path, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(inputs: &[&str], folder: Option<&str>, form: Form) -> Result<Vec<String>, String> {
        let inputs = inputs.iter().map(PathBuf::from).collect();
        match plan(inputs, folder.map(Path::new), form) {
            Ok(targets) => Ok(targets
                .iter()
                .map(|target| target.output.display().to_string())
                .collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_signature_stands_beside_its_file_or_in_the_folder() {
        let inputs = ["a", "b/c.tar.zst", "../d"];
        let beside = outputs(&inputs, None, Form::Binary).expect("apart");
        assert_eq!(beside, ["a.sig", "b/c.tar.zst.sig", "../d.sig"]);
        let inside = outputs(&inputs, Some("/tmp"), Form::Armored).expect("apart");
        assert_eq!(inside, ["/tmp/a.asc", "/tmp/c.tar.zst.asc", "/tmp/d.asc"]);
    }

    #[test]
    fn two_signatures_never_go_into_one_file() {
        assert_eq!(
            outputs(&["x/a", "y/a"], Some("/tmp"), Form::Binary),
            Err("x/a and y/a would both be signed into /tmp/a.sig".to_owned())
        );
        assert!(outputs(&["a", "./a"], None, Form::Binary).is_err());
        outputs(&["x/a", "y/a"], None, Form::Binary).expect("apart");
    }

    #[test]
    fn a_signature_never_replaces_what_is_to_be_signed() {
        assert_eq!(
            outputs(&["a", "a.sig"], None, Form::Binary),
            Err("the signature of a would replace a.sig, which is to be signed too".to_owned())
        );
        outputs(&["a", "a.sig"], None, Form::Armored).expect("apart");
    }

    #[test]
    fn the_folder_has_to_be_there() {
        assert_eq!(
            outputs(&["a"], Some("/nowhere"), Form::Binary),
            Err("/nowhere is not a folder".to_owned())
        );
    }
}
