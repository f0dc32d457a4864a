//! The table against a list of its own: what a row says must have been meant.
//!
//! Written from the vendor's description of version 5.0, and from what devices do where that
//! disagrees: shutting down and diagnosing ask for a login only when operational, restarting
//! and erasing do not when failed, restoring does unless fresh. In lower case the states in
//! which nobody logs in; R: root users only, RN: those of namespaces too.

use std::fmt::Write;

use nethsm::body::Kind;
use nethsm::call::{Admission, Callers, Row};
use nethsm::system::SystemState;
use nethsm::table::TABLE;

const CALLS: &str = "\
GET    /info                                      -      louf RN 200
GET    /health/alive                              -      lu   RN 200
GET    /health/ready                              -      o    RN 200
GET    /health/state                              -      louf RN 200
GET    /health/diagnose                           Adm    lOuf RN 200
GET    /metrics                                   Met    O    RN 200
POST   /provision                                 -      u    RN 204
POST   /unlock                                    -      l    RN 204
POST   /lock                                      Adm    O    R  204
POST   /random                                    Op     O    RN 200
GET    /keys                                      Adm,Op O    RN 200 filter&label
POST   /keys                                      Adm    O    RN 201
POST   /keys/generate                             Adm    O    RN 201
GET    /keys/{KeyPrefix}*                         Adm,Op O    RN 200 filter&label
GET    /keys/{KeyID}                              Adm,Op O    RN 200
PUT    /keys/{KeyID}                              Adm    O    RN 204
DELETE /keys/{KeyID}                              Adm    O    RN 204
PUT    /keys/{KeyID}/label                        Adm    O    RN 204
DELETE /keys/{KeyID}/label                        Adm    O    RN 204
GET    /keys/{KeyID}/public.pem                   Adm,Op O    RN 200
POST   /keys/{KeyID}/csr.pem                      Adm,Op O    RN 200
POST   /keys/{KeyID}/decrypt                      Op     O    RN 200
POST   /keys/{KeyID}/encrypt                      Op     O    RN 200
POST   /keys/{KeyID}/sign                         Op     O    RN 200
GET    /keys/{KeyID}/cert                         Adm,Op O    RN 200
PUT    /keys/{KeyID}/cert                         Adm    O    RN 201
DELETE /keys/{KeyID}/cert                         Adm    O    RN 204
POST   /keys/{KeyID}/move                         Adm    O    RN 200
PUT    /keys/{KeyID}/restrictions/tags/{Tag}      Adm    O    RN 204
DELETE /keys/{KeyID}/restrictions/tags/{Tag}      Adm    O    RN 204
POST   /cluster/force-new                         unlock F    R  204
POST   /cluster/join                              Adm    O    R  204
GET    /cluster/members                           Adm    O    R  200
POST   /cluster/members                           Adm    O    R  201
POST   /cluster/members/{MemberID}/promote        Adm    O    R  204
PUT    /cluster/members/{MemberID}                Adm    O    R  204
DELETE /cluster/members/{MemberID}                Adm    O    R  204
GET    /namespaces                                Adm    O    R  200
PUT    /namespaces/{NamespaceID}                  Adm    O    R  204
DELETE /namespaces/{NamespaceID}                  Adm    O    R  204
GET    /users                                     Adm    O    RN 200
POST   /users                                     Adm    O    RN 201
GET    /users/{UserID}                            Adm,Op O    RN 200
PUT    /users/{UserID}                            Adm    O    RN 201
POST   /users/{UserID}                            Adm    O    RN 201
DELETE /users/{UserID}                            Adm    O    RN 204
POST   /users/{UserID}/passphrase                 Adm,Op O    RN 204
GET    /users/{UserID}/tags                       Adm,Op O    RN 200
PUT    /users/{UserID}/tags/{Tag}                 Adm    O    RN 204
DELETE /users/{UserID}/tags/{Tag}                 Adm    O    RN 204
PUT    /config/unlock-passphrase                  Adm    O    R  204
GET    /config/unattended-boot                    Adm    O    R  200
PUT    /config/unattended-boot                    Adm    O    R  204
GET    /config/tls/public.pem                     Adm    O    R  200
GET    /config/tls/cert.pem                       Adm    O    R  200
PUT    /config/tls/cert.pem                       Adm    O    R  201
POST   /config/tls/csr.pem                        Adm    O    R  200
POST   /config/tls/generate                       Adm    O    R  204
GET    /config/tls/cluster-ca.pem                 Adm    O    R  200
PUT    /config/tls/cluster-ca.pem                 Adm    O    R  201
GET    /config/network                            Adm    O    R  200
PUT    /config/network                            Adm    O    R  204
GET    /config/logging                            Adm    O    R  200
PUT    /config/logging                            Adm    O    R  204
PUT    /config/backup-passphrase                  Adm    O    R  204
GET    /config/ntp                                Adm    O    R  200
PUT    /config/ntp                                Adm    O    R  204
GET    /config/time                               Adm    O    R  200
PUT    /config/time                               Adm    O    R  204
GET    /system/info                               Adm    O    R  200
POST   /system/reboot                             Adm    Of   R  204
POST   /system/shutdown                           Adm    Oulf R  204
POST   /system/factory-reset                      Adm    Of   R  204
POST   /system/update                             Adm    O    R  200
POST   /system/commit-update                      Adm    O    R  204
POST   /system/cancel-update                      Adm    O    R  204
POST   /system/backup                             Bak    O    R  200
POST   /system/restore                            Adm    uO   R  204
";

fn line(row: &Row) -> String {
    let mut roles: Vec<&str> = row.access.roles.iter().map(|role| role.as_str()).collect();
    if !row.access.rescue.is_empty() {
        roles.push("unlock");
    }
    let roles: Vec<String> = roles.iter().map(|role| short(role)).collect();
    let roles = if roles.is_empty() {
        "-".to_owned()
    } else {
        roles.join(",")
    };
    let mut states = String::new();
    for state in row.states {
        let letter = letter(*state);
        states.push(if row.admission(*state) == Admission::Open {
            letter.to_ascii_lowercase()
        } else {
            letter
        });
    }
    let callers = match row.access.callers {
        Callers::Root => "R",
        Callers::All => "RN",
    };
    let mut line = String::new();
    write!(
        line,
        "{:<6} {:<42} {roles:<6} {states:<4} {callers:<2} {} {}",
        row.method,
        row.path,
        row.success,
        row.query.join("&"),
    )
    .expect("text takes any text");
    line.trim_end().to_owned()
}

fn short(role: &str) -> String {
    match role {
        "unlock" => role.to_owned(),
        "Backup" => "Bak".to_owned(),
        "Operator" => "Op".to_owned(),
        role => role.chars().take(3).collect(),
    }
}

fn letter(state: SystemState) -> char {
    match state {
        SystemState::Unprovisioned => 'U',
        SystemState::Locked => 'L',
        SystemState::Operational => 'O',
        SystemState::Failed => 'F',
    }
}

#[test]
fn every_row_says_what_was_meant() {
    let lines: Vec<String> = TABLE.iter().map(line).collect();
    for (line, meant) in lines.iter().zip(CALLS.lines()) {
        assert_eq!(line, meant);
    }
    assert_eq!(lines.len(), CALLS.lines().count());
    assert_eq!(lines.len(), 78);
}

#[test]
fn there_are_56_paths() {
    let paths: std::collections::HashSet<_> = TABLE.iter().map(|row| row.path).collect();
    assert_eq!(paths.len(), 56);
}

#[test]
fn only_messages_backups_and_updates_are_large() {
    const MIB: u64 = 1 << 20;
    for row in TABLE {
        let most = match row.name {
            "Sign" | "Encrypt" | "Decrypt" => Some(67 * MIB),
            "UploadUpdate" | "RestoreBackup" => None,
            _ => Some(MIB),
        };
        assert_eq!(row.most, most, "{}", row.name);
    }
}

/// The table for people, one row per call.
fn page() -> String {
    let mut page = String::from(
        "| call | what it does | who | states | sent | answered |\n|---|---|---|---|---|---|\n",
    );
    for row in TABLE {
        let states: Vec<&str> = row.states.iter().map(|state| state.as_str()).collect();
        let query = match row.query {
            [] => String::new(),
            names => format!(" ?{}", names.join(" ?")),
        };
        let mut sent = kind(row.question).to_owned();
        if row.alternative != Kind::None {
            write!(sent, " or {}", kind(row.alternative)).expect("text takes any text");
        }
        if row.question != Kind::None {
            let most = row.most.map_or("any size".to_owned(), |most| {
                format!("up to {} MiB", most >> 20)
            });
            write!(sent, ", {most}").expect("text takes any text");
        }
        writeln!(
            page,
            "| `{} {}`{query} | {} | {} | {} | {sent} | {} {} |",
            row.method,
            row.path,
            row.about,
            row.access,
            states.join(", "),
            row.success,
            kind(row.answer),
        )
        .expect("text takes any text");
    }
    page
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::None => "",
        Kind::Json => "JSON",
        Kind::Octets => "octets",
        Kind::Pem => "PEM",
        Kind::Multipart => "two parts",
    }
}

/// When it is not, `CALLS=write cargo test -p nethsm --test rows` writes it.
#[test]
fn the_page_of_calls_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CALLS.md");
    if std::env::var("CALLS").is_ok_and(|value| value == "write") {
        std::fs::write(path, page()).expect("written");
    }
    let written = std::fs::read_to_string(path).expect("there is a page");
    assert!(written == page(), "CALLS.md is not what the table says");
}

#[test]
fn a_row_shows_who_may_when() {
    let shown = |name: &str| {
        let row = TABLE.iter().find(|row| row.name == name);
        row.expect("a row").to_string()
    };
    assert_eq!(
        shown("Sign"),
        "POST /keys/{KeyID}/sign (Operator; Operational)"
    );
    assert_eq!(
        shown("Reboot"),
        "POST /system/reboot (Administrator, root users only; anybody when Failed; \
         Operational, Failed)"
    );
    assert_eq!(shown("UnlockDevice"), "POST /unlock (anybody; Locked)");
}

#[test]
fn reading_and_signing_change_nothing() {
    let changing: Vec<&str> = TABLE
        .iter()
        .filter(|row| row.changes_nothing() && row.method != nethsm::call::Method::Get)
        .map(|row| row.name)
        .collect();
    assert_eq!(
        changing,
        [
            "GetRandom",
            "MakeKeyCsr",
            "Decrypt",
            "Encrypt",
            "Sign",
            "MakeTlsCsr"
        ]
    );
}
