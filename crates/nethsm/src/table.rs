//! Every call of the API, one row each.
//!
//! To add a call, add a row: its type, its [`Call`] and its line in [`TABLE`] follow, and a
//! server that uses [`for_each_call!`](crate::for_each_call) does not compile until it has a
//! handler. The columns of a row:
//!
//! ```text
//! /// about
//! Name = Method "path" [parameters] ACCESS [states],
//!     question => status answer;
//! ```

use crate::body::{Binary, Body, Pem};
use crate::call::{Access, Call, Callers, Method, Row};
use crate::id::{Created, KeyId, NamespaceId, NamespacePrefix, Tag, UserId};
use crate::key::{GenerateKey, ImportKey, KeyItem, PublicKey, SignRequest, Signature};
use crate::namespace::NamespaceItem;
use crate::path::Parameters;
use crate::system::SystemState::{self, Failed, Locked, Operational, Unprovisioned};
use crate::system::{
    Health, Info, NewUnlockPassphrase, Provision, Random, RandomRequest, SystemInfo,
    UnattendedBoot, Unlock,
};
use crate::user::UserRole::{Administrator, Operator};
use crate::user::{NewUser, NewUserPassphrase, User, UserItem};

const ANY_STATE: &[SystemState] = &[Locked, Operational, Unprovisioned, Failed];
const NO_STATE: &[SystemState] = &[];

/// Anybody, without a passphrase.
const ANYBODY: Access = Access {
    roles: &[],
    callers: Callers::All,
    open: ANY_STATE,
};

const ADMINISTRATOR: Access = Access {
    roles: &[Administrator],
    callers: Callers::All,
    open: NO_STATE,
};

const OPERATOR: Access = Access {
    roles: &[Operator],
    callers: Callers::All,
    open: NO_STATE,
};

const EITHER: Access = Access {
    roles: &[Administrator, Operator],
    callers: Callers::All,
    open: NO_STATE,
};

const ROOT: Access = Access {
    roles: &[Administrator],
    callers: Callers::Root,
    open: NO_STATE,
};

/// Root administrators, or anybody when the device has failed.
const ROOT_UNLESS_FAILED: Access = Access {
    roles: &[Administrator],
    callers: Callers::Root,
    open: &[Failed],
};

/// Makes of every row a type, its [`Call`], and its line in [`TABLE`]. The `$` at the start is
/// how one macro writes another.
macro_rules! calls {
    ($dollar:tt $(
        #[doc = $about:literal]
        $name:ident = $method:ident $path:literal [$parameters:ty]
            $access:ident $states:expr, $question:ty => $success:literal $answer:ty;
    )+) => {
        $(
            #[doc = $about]
            #[doc = ""]
            #[doc = concat!("`", stringify!($method), " ", $path, "`")]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Call for $name {
                const ROW: Row = Row {
                    name: stringify!($name),
                    about: $about.trim_ascii_start(),
                    method: Method::$method,
                    path: $path,
                    parameters: <$parameters as Parameters>::NAMES,
                    access: $access,
                    states: &$states,
                    success: $success,
                    question: <$question as Body>::KIND,
                    answer: <$answer as Body>::KIND,
                };
                type Parameters = $parameters;
                type Question = $question;
                type Answer = $answer;
            }
        )+

        /// All rows.
        pub const TABLE: &[Row] = &[$( $name::ROW, )+];

        /// Calls a macro of yours with the names of all rows, in order, so that leaving one out
        /// does not compile.
        ///
        /// ```
        /// macro_rules! count {
        ///     ($($name:ident)+) => { [$(stringify!($name)),+].len() };
        /// }
        /// assert_eq!(nethsm::for_each_call!(count), nethsm::table::TABLE.len());
        /// ```
        #[macro_export]
        macro_rules! for_each_call {
            ($dollar callback:ident) => { $dollar callback! { $($name)+ } };
        }
    };
}

calls! { $
    /// Tells who made the device.
    GetInfo = Get "/info" [()] ANYBODY [Locked, Operational, Unprovisioned, Failed],
        () => 200 Info;
    /// Succeeds while the device is up but not operational.
    GetAlive = Get "/health/alive" [()] ANYBODY [Locked, Unprovisioned],
        () => 200 ();
    /// Succeeds while the device is operational.
    GetReady = Get "/health/ready" [()] ANYBODY [Operational],
        () => 200 ();
    /// Tells the state of the device.
    GetState = Get "/health/state" [()] ANYBODY [Locked, Operational, Unprovisioned, Failed],
        () => 200 Health;

    /// Starts a fresh device for the first time.
    ProvisionDevice = Post "/provision" [()] ANYBODY [Unprovisioned],
        Provision => 204 ();
    /// Makes a locked device operational.
    UnlockDevice = Post "/unlock" [()] ANYBODY [Locked],
        Unlock => 204 ();
    /// Locks the device.
    LockDevice = Post "/lock" [()] ROOT [Operational],
        () => 204 ();
    /// Makes random bytes.
    GetRandom = Post "/random" [()] OPERATOR [Operational],
        RandomRequest => 200 Random;

    /// Lists the keys of the caller's namespace.
    ListKeys = Get "/keys" [()] EITHER [Operational],
        () => 200 Vec<KeyItem>;
    /// Brings a key into the device and makes up a name for it.
    AddKey = Post "/keys" [()] ADMINISTRATOR [Operational],
        ImportKey => 201 Created<KeyId>;
    /// Makes a key inside the device.
    MakeKey = Post "/keys/generate" [()] ADMINISTRATOR [Operational],
        GenerateKey => 201 Created<KeyId>;
    /// Shows a key.
    GetKey = Get "/keys/{KeyID}" [KeyId] EITHER [Operational],
        () => 200 PublicKey;
    /// Brings a key into the device under a given name.
    PutKey = Put "/keys/{KeyID}" [KeyId] ADMINISTRATOR [Operational],
        ImportKey => 204 ();
    /// Deletes a key.
    DeleteKey = Delete "/keys/{KeyID}" [KeyId] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Shows a public key as PEM, a `SubjectPublicKeyInfo`.
    GetPublicPem = Get "/keys/{KeyID}/public.pem" [KeyId] EITHER [Operational],
        () => 200 Pem;
    /// Signs.
    Sign = Post "/keys/{KeyID}/sign" [KeyId] OPERATOR [Operational],
        SignRequest => 200 Signature;
    /// Reads the certificate of a key, any bytes.
    GetCertificate = Get "/keys/{KeyID}/cert" [KeyId] EITHER [Operational],
        () => 200 Binary;
    /// Sets the certificate of a key, any bytes up to 1 MiB; the key must have none.
    PutCertificate = Put "/keys/{KeyID}/cert" [KeyId] ADMINISTRATOR [Operational],
        Binary => 201 ();
    /// Deletes the certificate of a key.
    DeleteCertificate = Delete "/keys/{KeyID}/cert" [KeyId] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Restricts a key to operators with a tag.
    PutKeyTag = Put "/keys/{KeyID}/restrictions/tags/{Tag}" [(KeyId, Tag)] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Takes a tag from a key.
    DeleteKeyTag = Delete "/keys/{KeyID}/restrictions/tags/{Tag}" [(KeyId, Tag)] ADMINISTRATOR [Operational],
        () => 204 ();

    /// Lists the namespaces.
    ListNamespaces = Get "/namespaces" [()] ROOT [Operational],
        () => 200 Vec<NamespaceItem>;
    /// Creates a namespace.
    PutNamespace = Put "/namespaces/{NamespaceID}" [NamespaceId] ROOT [Operational],
        () => 204 ();
    /// Deletes a namespace and all its keys; its users stay.
    DeleteNamespace = Delete "/namespaces/{NamespaceID}" [NamespaceId] ROOT [Operational],
        () => 204 ();

    /// Lists the users that the caller manages.
    ListUsers = Get "/users" [()] ADMINISTRATOR [Operational],
        () => 200 Vec<UserItem>;
    /// Creates a user in the caller's namespace and makes up a name.
    AddUser = Post "/users" [()] ADMINISTRATOR [Operational],
        NewUser => 201 Created<UserId>;
    /// Shows a user.
    GetUser = Get "/users/{UserID}" [UserId] EITHER [Operational],
        () => 200 User;
    /// Creates a user with a given name.
    PutUser = Put "/users/{UserID}" [UserId] ADMINISTRATOR [Operational],
        NewUser => 201 ();
    /// Creates a user in a given namespace and makes up a name.
    AddUserIn = Post "/users/{UserID}" [NamespacePrefix] ADMINISTRATOR [Operational],
        NewUser => 201 Created<UserId>;
    /// Deletes a user.
    DeleteUser = Delete "/users/{UserID}" [UserId] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Sets the passphrase of a user.
    SetUserPassphrase = Post "/users/{UserID}/passphrase" [UserId] EITHER [Operational],
        NewUserPassphrase => 204 ();
    /// Lists the tags of an operator.
    ListUserTags = Get "/users/{UserID}/tags" [UserId] EITHER [Operational],
        () => 200 Vec<String>;
    /// Gives a tag to an operator.
    PutUserTag = Put "/users/{UserID}/tags/{Tag}" [(UserId, Tag)] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Takes a tag from an operator.
    DeleteUserTag = Delete "/users/{UserID}/tags/{Tag}" [(UserId, Tag)] ADMINISTRATOR [Operational],
        () => 204 ();

    /// Changes what unlocks the device.
    SetUnlockPassphrase = Put "/config/unlock-passphrase" [()] ROOT [Operational],
        NewUnlockPassphrase => 204 ();
    /// Tells whether the device starts without being unlocked.
    GetUnattendedBoot = Get "/config/unattended-boot" [()] ROOT [Operational],
        () => 200 UnattendedBoot;
    /// Sets whether the device starts without being unlocked.
    SetUnattendedBoot = Put "/config/unattended-boot" [()] ROOT [Operational],
        UnattendedBoot => 204 ();

    /// Tells versions and identity of the device.
    GetSystemInfo = Get "/system/info" [()] ROOT [Operational],
        () => 200 SystemInfo;
    /// Restarts the device.
    Reboot = Post "/system/reboot" [()] ROOT_UNLESS_FAILED [Operational, Failed],
        () => 204 ();
}
