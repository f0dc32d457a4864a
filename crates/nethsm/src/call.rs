//! What a call is: its method, its path, who may make it when, what goes in and comes out.

use std::fmt;

use crate::body::{Body, Kind};
use crate::names::names;
use crate::path::Parameters;
use crate::query::Query;
use crate::system::SystemState;
use crate::user::UserRole;

/// The path below which all calls are.
pub const BASE: &str = "/api/v1";

names! {
    /// What is done to a resource. HEAD, which works where GET does, is up to the server.
    pub enum Method {
        /// Read.
        Get = "GET",
        /// Do, or create with a name made up by the device.
        Post = "POST",
        /// Set, or create with a given name.
        Put = "PUT",
        /// Remove.
        Delete = "DELETE",
    }
}

/// A call of the API, as a type: the row of the table, and the types behind its columns.
///
/// Implemented by the unit types in [`table`](crate::table), one per row.
pub trait Call {
    /// The row of the table.
    const ROW: Row;
    /// What stands in the path: nothing, one name, or two.
    type Parameters: Parameters;
    /// What may stand behind the path.
    type Query: Query;
    /// What is sent.
    type Question: Body;
    /// What may be sent instead, told apart by its media type; `()` if nothing.
    type Alternative: Body;
    /// What comes back.
    type Answer: Body;
}

/// One row of the table: everything about a call that both ends must agree on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row {
    /// The name of the call, also of the type that implements [`Call`].
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// The method.
    pub method: Method,
    /// The template of the path below [`BASE`], for instance `/keys/{KeyID}/sign`.
    pub path: &'static str,
    /// The parameters in the template, in order, for instance `KeyID`.
    pub parameters: &'static [&'static str],
    /// What may stand in the query, for instance `filter`.
    pub query: &'static [&'static str],
    /// Who may call.
    pub access: Access,
    /// In which states.
    pub states: &'static [SystemState],
    /// The status of success.
    pub success: u16,
    /// The kind of what is sent.
    pub question: Kind,
    /// The kind of what may be sent instead; [`Kind::None`] if nothing.
    pub alternative: Kind,
    /// The most bytes of what is sent; nothing means any number. Only the length announced
    /// in the head counts: the device does not limit chunked bodies.
    pub most: Option<u64>,
    /// The kind of what comes back.
    pub answer: Kind,
}

/// Who may make a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Access {
    /// The roles that may; empty for calls that ask nobody for a passphrase.
    pub roles: &'static [UserRole],
    /// From where these users may come.
    pub callers: Callers,
    /// In these states anybody may, without a passphrase.
    pub open: &'static [SystemState],
    /// In these states only the user [`UNLOCK_USER`] may, with the unlock passphrase: other
    /// users are not known to a device that has failed.
    pub rescue: &'static [SystemState],
}

/// The user of [`Access::rescue`].
pub const UNLOCK_USER: &str = "unlock";

/// From where the users of a call may come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Callers {
    /// Only root users: those outside any namespace.
    Root,
    /// Root users and those of a namespace.
    All,
}

/// What a row says to a caller before looking at who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Nobody can call in this state: 412, `Service not available`.
    Unavailable,
    /// Anybody can.
    Open,
    /// The caller must log in, and [`Row::allows`] decides.
    Login,
    /// The caller must be [`UNLOCK_USER`] and know the unlock passphrase.
    Rescue,
}

impl Row {
    /// What the row says in this state of the device.
    pub fn admission(&self, state: SystemState) -> Admission {
        if !self.states.contains(&state) {
            Admission::Unavailable
        } else if self.access.open.contains(&state) {
            Admission::Open
        } else if self.access.rescue.contains(&state) {
            Admission::Rescue
        } else {
            Admission::Login
        }
    }

    /// Whether the call leaves the device as it was, apart from counters: reading, signing and
    /// the like. Such a call may be made again, also of another device.
    pub fn changes_nothing(&self) -> bool {
        let makes_an_answer = ["/random", "/sign", "/encrypt", "/decrypt", "/csr.pem"];
        self.method == Method::Get
            || self.method == Method::Post
                && makes_an_answer.iter().any(|end| self.path.ends_with(end))
    }

    /// Whether a user with this role, of a namespace or not, may make this call once logged
    /// in. The device answers 403 otherwise.
    pub fn allows(&self, role: UserRole, origin: Origin) -> bool {
        let from_there = match self.access.callers {
            Callers::Root => origin == Origin::Root,
            Callers::All => true,
        };
        from_there && self.access.roles.contains(&role)
    }
}

/// One line for people: `POST /keys/{KeyID}/sign (Operator; Operational)`.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}; ", self.method, self.path, self.access)?;
        join(f, self.states)?;
        f.write_str(")")
    }
}

/// Who may, for people: `Administrator, root users only; anybody when Failed`.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.rescue.is_empty() {
            return write!(f, "user `{UNLOCK_USER}` with the unlock passphrase");
        }
        if self.roles.is_empty() {
            return f.write_str("anybody");
        }
        join(f, self.roles)?;
        if self.callers == Callers::Root {
            f.write_str(", root users only")?;
        }
        if !self.open.is_empty() {
            f.write_str("; anybody when ")?;
            join(f, self.open)?;
        }
        Ok(())
    }
}

fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, all: &[T]) -> fmt::Result {
    for (place, one) in all.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        write!(f, "{comma}{one}")?;
    }
    Ok(())
}

/// Where a user is at home.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Outside any namespace.
    Root,
    /// In a namespace.
    Namespace,
}

impl crate::id::UserId {
    /// Where this user is at home.
    pub fn origin(&self) -> Origin {
        if self.namespace().is_some() {
            Origin::Namespace
        } else {
            Origin::Root
        }
    }
}
