//! The table of calls: every row is reachable, and only by its own path.

use std::collections::HashSet;

use nethsm::body::Kind;
use nethsm::call::{Admission, Call, Method, Origin, Row};
use nethsm::id::{BadId, KeyId, KeyPrefix, NamespaceId, NamespacePrefix, Tag, UserId};
use nethsm::path::{Parameters, Resource, path_of};
use nethsm::system::SystemState::{Failed, Locked, Operational, Unprovisioned};
use nethsm::table::{self, TABLE};
use nethsm::user::UserRole::{Administrator, Backup, Operator};
use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

#[test]
fn no_two_rows_share_a_name_or_method_and_path() {
    let names: HashSet<_> = TABLE.iter().map(|row| row.name).collect();
    let places: HashSet<_> = TABLE
        .iter()
        .map(|row| (row.method.as_str(), row.path))
        .collect();
    assert_eq!(names.len(), TABLE.len());
    assert_eq!(places.len(), TABLE.len());
}

#[test]
fn every_template_names_the_parameters_of_its_type() {
    for row in TABLE {
        let in_template: Vec<_> = row
            .path
            .split('/')
            .filter_map(|segment| {
                segment
                    .strip_prefix('{')?
                    .trim_end_matches('*')
                    .strip_suffix('}')
            })
            .collect();
        assert_eq!(in_template, row.parameters, "{}", row.name);
    }
}

#[test]
fn whatever_reads_sends_nothing() {
    for row in TABLE {
        if matches!(row.method, Method::Get | Method::Delete) {
            assert_eq!(row.question, Kind::None, "{}", row.name);
        }
    }
}

#[test]
fn every_row_can_be_called_by_somebody_in_some_state() {
    for row in TABLE {
        assert!(!row.states.is_empty(), "{}", row.name);
        for state in row.states {
            let somebody = match row.admission(*state) {
                Admission::Unavailable => false,
                Admission::Open | Admission::Rescue => true,
                Admission::Login => !row.access.roles.is_empty(),
            };
            assert!(somebody, "{}", row.name);
        }
    }
}

#[test]
fn signing_is_for_operators_of_an_operational_device() {
    let row = table::Sign::ROW;
    assert_eq!(row.admission(Locked), Admission::Unavailable);
    assert_eq!(row.admission(Operational), Admission::Login);
    assert!(row.allows(Operator, Origin::Root));
    assert!(row.allows(Operator, Origin::Namespace));
    assert!(!row.allows(Administrator, Origin::Root));
    assert!(!row.allows(Backup, Origin::Root));
}

#[test]
fn namespaces_are_for_root_administrators() {
    let row = table::PutNamespace::ROW;
    assert!(row.allows(Administrator, Origin::Root));
    assert!(!row.allows(Administrator, Origin::Namespace));
    assert!(!row.allows(Operator, Origin::Root));
}

#[test]
fn anybody_may_restart_a_failed_device() {
    let row = table::Reboot::ROW;
    assert_eq!(row.admission(Failed), Admission::Open);
    assert_eq!(row.admission(Operational), Admission::Login);
    assert_eq!(row.admission(Unprovisioned), Admission::Unavailable);
}

fn found(method: Method, path: &str) -> Option<&'static str> {
    Some(Resource::at(path)?.row(method)?.name)
}

#[test]
fn a_path_leads_to_its_row() {
    assert_eq!(found(Method::Get, "/info"), Some("GetInfo"));
    assert_eq!(found(Method::Get, "/info/"), Some("GetInfo"));
    assert_eq!(found(Method::Post, "/keys/k/sign"), Some("Sign"));
    assert_eq!(found(Method::Post, "/keys/generate"), Some("MakeKey"));
    assert_eq!(found(Method::Get, "/keys/generate"), None);
    assert_eq!(found(Method::Put, "/keys/k"), Some("PutKey"));
    assert_eq!(found(Method::Get, "/keys/k*"), Some("ListKeysFrom"));
    assert_eq!(found(Method::Get, "/keys/k%2A"), Some("ListKeysFrom"));
    assert_eq!(
        found(Method::Get, "/keys/k*/public.pem"),
        Some("GetPublicPem")
    );
    assert_eq!(found(Method::Delete, "/info"), None);
}

#[test]
fn other_paths_lead_nowhere() {
    for path in [
        "",
        "/",
        "//",
        "//info",
        "/info//",
        "/nonexistent",
        "info",
        "/keys//",
        "/keys//sign",
        "/keys/k/restrictions/tags",
        "/Info",
    ] {
        assert_eq!(Resource::at(path), None, "{path:?}");
    }
}

#[test]
fn a_resource_tells_all_its_methods() {
    let resource = Resource::at("/keys/k/cert").expect("a resource");
    let methods: Vec<_> = resource.rows().map(|row| row.method).collect();
    assert_eq!(methods, [Method::Get, Method::Put, Method::Delete]);
    assert_eq!(resource.template(), "/keys/{KeyID}/cert");
}

#[test]
fn names_in_a_path_are_decoded_and_then_checked() {
    let resource = |path: &str| Resource::at(path).expect("a resource");
    assert_eq!(
        resource("/users/ns1%7Eoperator").parameters::<UserId>(),
        "ns1~operator".parse()
    );
    let bad = |path: &str| resource(path).parameters::<UserId>().expect_err("no name");
    assert_eq!(bad("/users/%C3%BC"), BadId::Character);
    assert_eq!(bad("/users/-x"), BadId::Start);
    assert_eq!(bad("/users/a%2Fb"), BadId::Character);
    assert_eq!(bad("/users/a%"), BadId::Character);
    assert_eq!(bad("/users/a%2"), BadId::Character);
    assert_eq!(bad("/users/a%+1"), BadId::Character);
    assert_eq!(bad("/users/%FF"), BadId::Character);
    assert_eq!(bad("/users/ns~"), BadId::Empty);
    assert_eq!(
        resource("/users/ns~").parameters::<NamespacePrefix>(),
        Ok(NamespacePrefix::of(&"ns".parse().expect("a name")))
    );
}

#[test]
fn a_prefix_is_a_name_and_not_empty() {
    let resource = |path: &str| Resource::at(path).expect("a resource");
    assert_eq!(
        resource("/keys/a.b*").parameters::<KeyPrefix>(),
        "a.b".parse()
    );
    assert_eq!(
        resource("/keys/a**").parameters::<KeyPrefix>(),
        Err(BadId::Character)
    );
    let star = resource("/keys/*");
    assert_eq!(star.template(), "/keys/{KeyID}");
    assert_eq!(star.parameters::<KeyId>(), Err(BadId::Character));
}

#[test]
fn a_name_starts_with_a_letter_or_digit_and_has_at_most_128_characters() {
    fn key(text: &str) -> Result<KeyId, BadId> {
        text.parse()
    }
    for good in ["a", "0", "A.b_c-d", &"x".repeat(128)] {
        assert_eq!(key(good).expect("a name").as_str(), good);
    }
    assert_eq!(key(""), Err(BadId::Empty));
    assert_eq!(key(&"x".repeat(129)), Err(BadId::Long));
    for start in [".a", "_a", "-a", ".."] {
        assert_eq!(key(start), Err(BadId::Start));
    }
    for character in ["a b", "a/b", "ü", "a~b", "a\n", "a\0"] {
        assert_eq!(key(character), Err(BadId::Character));
    }
}

#[test]
fn a_user_may_belong_to_a_namespace() {
    let root: UserId = "admin".parse().expect("a name");
    let namespaced: UserId = "ns1~admin".parse().expect("a name");
    assert_eq!((root.namespace(), root.name()), (None, "admin"));
    assert_eq!(root.origin(), Origin::Root);
    assert_eq!(namespaced.namespace(), "ns1".parse::<NamespaceId>().ok());
    assert_eq!(namespaced.name(), "admin");
    assert_eq!(namespaced.origin(), Origin::Namespace);
    for bad in ["~a", "a~", "a~b~c", "-a~b"] {
        assert!(bad.parse::<UserId>().is_err(), "{bad}");
    }
}

/// Makes the path of a call, looks it up, and gives back what was found.
fn round_trip<C: Call>(names: &[String]) -> (Row, Option<&'static Row>, bool) {
    let mut names = names.to_vec();
    names.truncate(C::ROW.parameters.len());
    if C::ROW.name == "AddUserIn" {
        names[0].push('~');
    }
    let parameters = C::Parameters::read(&names).expect("names");
    let resource = Resource::at(&path_of::<C>(&parameters)).expect("a resource");
    (
        C::ROW,
        resource.row(C::ROW.method),
        resource.texts() == names,
    )
}

macro_rules! round_trips {
    ($($name:ident)+) => { |names: &[String]| [$( round_trip::<table::$name>(names) ),+] };
}

fn a_name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9][A-Za-z0-9_.-]{0,127}"
        .prop_filter("is a resource of its own", |name| name != "generate")
}

proptest! {
    #[test]
    fn every_call_is_found_by_its_own_path(names in prop::collection::vec(a_name(), 2)) {
        for (row, found, same_names) in nethsm::for_each_call!(round_trips)(&names) {
            prop_assert_eq!(found, Some(&row));
            prop_assert_eq!(same_names, true);
        }
    }

    #[test]
    fn no_path_breaks_the_lookup(path in any::<String>(), below in "/(keys|users)/[%a-f0-9~]{0,9}") {
        for path in [path, below] {
            if let Some(resource) = Resource::at(&path) {
                let _ = resource.parameters::<(KeyId, Tag)>();
                let _ = resource.parameters::<NamespacePrefix>();
            }
        }
    }
}
