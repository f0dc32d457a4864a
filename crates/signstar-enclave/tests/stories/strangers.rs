//! Clients of the same wire format that others have written.

use std::process::Command;

use signstar_enclave::KeyType;

use crate::story::{GnuPg, Outcome, Story, is_installed, tell};

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/strangers.py");

#[test]
fn a_client_that_only_knows_the_specification_gets_signatures() {
    if !is_installed("python3") {
        tell("SKIPPED: the client in strangers.py");
        return;
    }
    let clients = [
        ("client1", KeyType::Curve25519),
        ("client2", KeyType::EcP256),
    ];
    let story = Story::with_clients(&clients);
    for (client, _) in clients {
        let gpg = GnuPg::knowing(&[story.certificate(client)]);
        for length in [0, 1, 127, 128, 129, 1000] {
            for layout in ["208", "210"] {
                let content: Vec<u8> = (0..=250).cycle().take(length).collect();
                let file = story.file("file", content);
                let mut python = Command::new("python3");
                python.arg(CLIENT).arg(story.home().join("enclave.json"));
                let outcome = Outcome::of(python.arg(client).arg(&file).arg(layout));
                outcome.expect(0);
                let signature = story.file("file.asc", &outcome.stdout);
                gpg.verify_as(&file, &signature).expect("gpg accepts");
            }
        }
    }
}
