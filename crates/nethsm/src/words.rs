//! Words of the table as literals, for documentation, which takes nothing else.

/// An access, by its name in the table, as it shows itself. A test there compares the two.
macro_rules! who {
    (ANYBODY) => {
        "anybody"
    };
    (ADMINISTRATOR) => {
        "Administrator"
    };
    (OPERATOR) => {
        "Operator"
    };
    (EITHER) => {
        "Administrator, Operator"
    };
    (METRICS) => {
        "Metrics"
    };
    (ROOT) => {
        "Administrator, root users only"
    };
    (BACKUP) => {
        "Backup, root users only"
    };
    (ADMINISTRATOR_WHEN_OPERATIONAL) => {
        "Administrator; anybody when Locked, Unprovisioned, Failed"
    };
    (ROOT_WHEN_OPERATIONAL) => {
        "Administrator, root users only; anybody when Locked, Unprovisioned, Failed"
    };
    (ROOT_UNLESS_FAILED) => {
        "Administrator, root users only; anybody when Failed"
    };
    (ROOT_UNLESS_FRESH) => {
        "Administrator, root users only; anybody when Unprovisioned"
    };
    (RESCUER) => {
        "user `unlock` with the unlock passphrase"
    };
}
pub(crate) use who;

/// A method as HTTP spells it.
macro_rules! method {
    (Get) => {
        "GET"
    };
    (Put) => {
        "PUT"
    };
    (Post) => {
        "POST"
    };
    (Delete) => {
        "DELETE"
    };
}
pub(crate) use method;
