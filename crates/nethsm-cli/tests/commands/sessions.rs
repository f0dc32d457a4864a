//! The sessions in `console/`: each against a software device of its own.
//!
//! They are the examples of the manual pages. `TRYCMD=overwrite` writes them anew.

use std::fs;
use std::path::Path;

use crate::device::{NETHSM, Place, Start};

fn session(name: &str, start: Start) {
    let Some(place) = Place::start(name, start) else {
        return;
    };
    let source = Path::new("tests/console").join(format!("{name}.md"));
    run(&place, name, &source);
}

/// Runs the session in `source` in the folder of a place of this name.
pub(crate) fn run(place: &Place, name: &str, source: &Path) {
    let copy = place.path().join(format!("{name}.md"));
    fs::copy(source, &copy).expect("copied");
    let tested = std::panic::catch_unwind(|| {
        let cases = trycmd::TestCases::new();
        cases
            .case(&copy)
            .register_bin("nethsm", Path::new(NETHSM))
            .env("HOME", "/nowhere")
            .env("XDG_CONFIG_HOME", place.config.display().to_string());
        cases
            .insert_var("[URL]", place.url().to_owned())
            .expect("a name");
        if let Some(other) = place.other() {
            cases
                .insert_var("[OTHER]", other.to_owned())
                .expect("a name");
        }
        cases.run();
    });
    if std::env::var_os("TRYCMD").is_some() {
        fs::copy(&copy, source).expect("copied");
    }
    if let Err(panic) = tested {
        std::panic::resume_unwind(panic);
    }
}

macro_rules! sessions {
    ($($name:ident from $start:ident;)+) => { $(
        #[test]
        fn $name() {
            session(stringify!($name), Start::$start);
        }
    )+

        /// No page is forgotten here.
        #[test]
        fn every_session_is_tested() {
            let known = [$(concat!(stringify!($name), ".md")),+];
            for page in fs::read_dir("tests/console").expect("there") {
                let name = page.expect("readable").file_name();
                assert!(known.iter().any(|known| name == *known), "{name:?}");
            }
        }
    };
}

sessions! {
    devices from Several;
    info from Ready;
    health from Fresh;
    provision from Fresh;
    lock from Ready;
    user from Ready;
    namespace from Ready;
    key from Ready;
    openpgp from Ready;
    config from Ready;
    backup from Ready;
    random from Ready;
    metrics from Ready;
    system from Ready;
    cluster from Ready;
    mistakes from Ready;
    shell from Fresh;
}
