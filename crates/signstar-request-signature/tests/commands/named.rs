//! Enclaves with a name, and what a shell wants to know.

use crate::stand_in::Place;

fn settings(place: &Place, text: &str) {
    std::fs::create_dir_all(place.path("home/.config/signstar")).expect("a folder");
    let ssh = place.path("ssh");
    let text = text.replace("SSH", &format!("ssh = {ssh:?}"));
    place.write("home/.config/signstar/client.toml", text);
}

const TWO: &str = "[enclave.packages]\ndestination = \"sign@packages\"\nSSH\n\
    ssh-options = [\"Port=2222\"]\npatience-seconds = 0\n\
    [enclave.images]\ndestination = \"sign@images\"\nSSH\narmor = true\n";

#[test]
fn an_enclave_is_called_by_its_name() {
    let place = Place::new();
    place.write("a", "1");
    place.enclave(|_, response| response);
    settings(&place, TWO);
    assert_eq!(place.run(&["send", "--enclave", "packages", "a"]).status, 0);
    assert_eq!(place.run(&["send", "--enclave", "images", "a"]).status, 0);
    assert!(place.path("a.sig").is_file() && place.path("a.asc").is_file());
    let connections = place.read("wire-connections");
    let lines: Vec<_> = connections.lines().collect();
    assert!(
        lines[0].ends_with("-o Port=2222 -- sign@packages"),
        "{connections}"
    );
    assert!(lines[1].ends_with("-- sign@images"), "{connections}");
}

#[test]
fn a_destination_in_the_environment_does_not_replace_a_name() {
    let place = Place::new();
    place.write("a", "1");
    place.enclave(|_, response| response);
    settings(&place, TWO);
    let sent = place
        .command(&["send", "--enclave", "packages", "a"])
        .env("SIGNSTAR_DESTINATION", "elsewhere")
        .output()
        .expect("it runs");
    assert!(sent.status.success(), "{sent:?}");
    assert!(
        place
            .read("wire-connections")
            .ends_with("-- sign@packages\n")
    );
}

#[test]
fn a_slip_is_answered_with_a_suggestion() {
    let place = Place::new();
    settings(&place, TWO);
    let sent = place.run(&["send", "--enclave", "pakages", "a"]);
    assert_eq!(sent.status, 2);
    let said = "error: there is no enclave \"pakages\" in the settings\n\
                hint: did you mean \"packages\"?\n";
    assert_eq!(sent.stderr, said);
    let sent = place.run(&["send", "a"]);
    assert_eq!(sent.status, 2);
    assert!(
        sent.stderr.contains("known are: images, packages"),
        "{sent:?}"
    );
}

#[test]
fn manual_pages_and_completions_know_every_option() {
    let place = Place::new();
    let written = place.run(&["man", "pages"]);
    assert_eq!(written.stdout, "manual pages written: pages, 6\n");
    let page = place
        .read("pages/signstar-request-signature-send.1")
        .replace('\\', "");
    let bash = place.run(&["completions", "bash"]).stdout;
    let help = place.run(&["send", "--help"]).stdout;
    let options: Vec<_> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()))
        .collect();
    assert!(options.len() > 10);
    for option in options {
        assert!(page.contains(option), "{option} is not in the manual page");
        assert!(bash.contains(option), "{option} is not completed");
    }
    assert!(
        !place
            .path("pages/signstar-request-signature-connect.1")
            .exists()
    );
}
