//! Every call of the API, one row each.
//!
//! To add a call, add a row: its type, its [`Call`] and its line in [`TABLE`] follow, and a
//! server that uses [`for_each_call!`](crate::for_each_call) does not compile until it has a
//! handler. The columns of a row:
//!
//! ```text
//! /// about
//! Name = Method "path" [parameters; query] ACCESS [states],
//!     question | alternative => status answer;
//! ```
//!
//! Most calls have no query and no alternative. Where the vendor's description disagrees with
//! the device, the row says what the device does.
//!
#![doc = include_str!("../CALLS.md")]

use crate::body::{Binary, Body, Pem};
use crate::call::{Access, Call, Callers, Method, Row};
use crate::cluster::{Diagnosis, JoinCluster, Member, MemberAdded, MemberUrls};
use crate::config::{Clock, GenerateTlsKey, Logging, Network, NewBackupPassphrase, Ntp};
use crate::csr::DistinguishedName;
use crate::id::{Created, KeyId, KeyPrefix, MemberId, NamespaceId, NamespacePrefix, Tag, UserId};
use crate::key::{
    DecryptRequest, Decrypted, EncryptRequest, Encrypted, GenerateKey, ImportKey, ImportPem,
    KeyItem, MoveKey, NewLabel, PublicKey, SignRequest, Signature,
};
use crate::metrics::Metrics;
use crate::namespace::NamespaceItem;
use crate::path::Parameters;
use crate::query::{KeyFilter, Query};
use crate::system::SystemState::{self, Failed, Locked, Operational, Unprovisioned};
use crate::system::{
    Health, Info, NewUnlockPassphrase, Provision, Random, RandomRequest, SystemInfo,
    UnattendedBoot, Unlock,
};
use crate::transfer::{BackupFile, ReleaseNotes, Restore, UpdateFile};
use crate::user::UserRole::{self, Administrator, Backup, Operator};
use crate::user::{NewUser, NewUserPassphrase, User, UserItem};

const ANY_STATE: &[SystemState] = &[Locked, Operational, Unprovisioned, Failed];

/// Users with one of these roles, in a namespace or not.
const fn users(roles: &'static [UserRole]) -> Access {
    Access {
        roles,
        callers: Callers::All,
        open: &[],
        rescue: &[],
    }
}

/// Users with this role outside any namespace.
const fn root(roles: &'static [UserRole]) -> Access {
    Access {
        callers: Callers::Root,
        ..users(roles)
    }
}

/// Anybody, without a passphrase.
const ANYBODY: Access = Access {
    open: ANY_STATE,
    ..users(&[])
};

const ADMINISTRATOR: Access = users(&[Administrator]);
const OPERATOR: Access = users(&[Operator]);
const EITHER: Access = users(&[Administrator, Operator]);
const METRICS: Access = users(&[UserRole::Metrics]);
const ROOT: Access = root(&[Administrator]);
const BACKUP: Access = root(&[Backup]);

/// Administrators, or anybody while the device is not operational.
const ADMINISTRATOR_WHEN_OPERATIONAL: Access = Access {
    open: &[Locked, Unprovisioned, Failed],
    ..users(&[Administrator])
};

/// Root administrators, or anybody while the device is not operational.
const ROOT_WHEN_OPERATIONAL: Access = Access {
    open: &[Locked, Unprovisioned, Failed],
    ..root(&[Administrator])
};

/// Root administrators, or anybody when the device has failed.
const ROOT_UNLESS_FAILED: Access = Access {
    open: &[Failed],
    ..root(&[Administrator])
};

/// Root administrators, or anybody when the device is fresh.
const ROOT_UNLESS_FRESH: Access = Access {
    open: &[Unprovisioned],
    ..root(&[Administrator])
};

/// Whoever knows the unlock passphrase, when the device has failed.
const RESCUER: Access = Access {
    rescue: &[Failed],
    ..root(&[])
};

macro_rules! or_nothing {
    () => {
        ()
    };
    ($what:ty) => {
        $what
    };
}

/// Makes of every row a type, its [`Call`], and its line in [`TABLE`]. The `$` at the start is
/// how one macro writes another.
macro_rules! calls {
    ($dollar:tt $(
        #[doc = $about:literal]
        $name:ident = $method:ident $path:literal [$parameters:ty $(; $query:ty)?]
            $access:ident $states:expr,
            $question:ty $(| $alternative:ty)? => $success:literal $answer:ty;
    )+) => {
        /// What the row of a call says, for its documentation and that of its method.
        macro_rules! facts {
            $( ($name) => {
                concat!(
                    "\n`", $crate::words::method!($method), " ", $path, "`, by ",
                    $crate::words::who!($access), ", in the states `", stringify!($states),
                    "`; question `", stringify!($question), "`" $(, " or `", stringify!($alternative), "`")?,
                    ", answer ", $success, " `", stringify!($answer), "`."
                )
            }; )+
        }
        pub(crate) use facts;

        $(
            #[doc = $about]
            #[doc = facts!($name)]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Call for $name {
                const ROW: Row = Row {
                    name: stringify!($name),
                    about: $about.trim_ascii_start(),
                    method: Method::$method,
                    path: $path,
                    parameters: <$parameters as Parameters>::NAMES,
                    query: <or_nothing!($($query)?) as Query>::NAMES,
                    access: $access,
                    states: &$states,
                    success: $success,
                    question: <$question as Body>::KIND,
                    alternative: <or_nothing!($($alternative)?) as Body>::KIND,
                    most: <$question as Body>::MOST,
                    answer: <$answer as Body>::KIND,
                };
                type Parameters = $parameters;
                type Query = or_nothing!($($query)?);
                type Question = $question;
                type Alternative = or_nothing!($($alternative)?);
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
    /// Tells how the store of the device is.
    Diagnose = Get "/health/diagnose" [()] ADMINISTRATOR_WHEN_OPERATIONAL
        [Locked, Operational, Unprovisioned, Failed],
        () => 200 Diagnosis;
    /// Tells what the device has counted.
    GetMetrics = Get "/metrics" [()] METRICS [Operational],
        () => 200 Metrics;

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
    ListKeys = Get "/keys" [(); KeyFilter] EITHER [Operational],
        () => 200 Vec<KeyItem>;
    /// Brings a key into the device and makes up a name for it.
    AddKey = Post "/keys" [()] ADMINISTRATOR [Operational],
        ImportKey | ImportPem => 201 Created<KeyId>;
    /// Makes a key inside the device.
    MakeKey = Post "/keys/generate" [()] ADMINISTRATOR [Operational],
        GenerateKey => 201 Created<KeyId>;
    /// Lists the keys of the caller's namespace whose names start like this.
    ListKeysFrom = Get "/keys/{KeyPrefix}*" [KeyPrefix; KeyFilter] EITHER [Operational],
        () => 200 Vec<KeyItem>;
    /// Shows a key.
    GetKey = Get "/keys/{KeyID}" [KeyId] EITHER [Operational],
        () => 200 PublicKey;
    /// Brings a key into the device under a given name.
    PutKey = Put "/keys/{KeyID}" [KeyId] ADMINISTRATOR [Operational],
        ImportKey | ImportPem => 204 ();
    /// Deletes a key.
    DeleteKey = Delete "/keys/{KeyID}" [KeyId] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Gives a key a label.
    SetLabel = Put "/keys/{KeyID}/label" [KeyId] ADMINISTRATOR [Operational],
        NewLabel => 204 ();
    /// Takes the label from a key.
    DeleteLabel = Delete "/keys/{KeyID}/label" [KeyId] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Shows a public key as PEM, a `SubjectPublicKeyInfo`.
    GetPublicPem = Get "/keys/{KeyID}/public.pem" [KeyId] EITHER [Operational],
        () => 200 Pem;
    /// Makes a certificate signing request for a key.
    MakeKeyCsr = Post "/keys/{KeyID}/csr.pem" [KeyId] EITHER [Operational],
        DistinguishedName => 200 Pem;
    /// Decrypts.
    Decrypt = Post "/keys/{KeyID}/decrypt" [KeyId] OPERATOR [Operational],
        DecryptRequest => 200 Decrypted;
    /// Encrypts.
    Encrypt = Post "/keys/{KeyID}/encrypt" [KeyId] OPERATOR [Operational],
        EncryptRequest => 200 Encrypted;
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
    /// Gives a key another name.
    RenameKey = Post "/keys/{KeyID}/move" [KeyId] ADMINISTRATOR [Operational],
        MoveKey => 200 Created<KeyId>;
    /// Restricts a key to operators with a tag.
    PutKeyTag = Put "/keys/{KeyID}/restrictions/tags/{Tag}" [(KeyId, Tag)] ADMINISTRATOR [Operational],
        () => 204 ();
    /// Takes a tag from a key.
    DeleteKeyTag = Delete "/keys/{KeyID}/restrictions/tags/{Tag}" [(KeyId, Tag)] ADMINISTRATOR [Operational],
        () => 204 ();

    /// Makes a cluster of one member from the last snapshot of a device that has failed.
    ForceNewCluster = Post "/cluster/force-new" [()] RESCUER [Failed],
        () => 204 ();
    /// Makes the device a member of a cluster; it loses all that it has.
    EnterCluster = Post "/cluster/join" [()] ROOT [Operational],
        JoinCluster => 204 ();
    /// Lists the members of the cluster.
    ListMembers = Get "/cluster/members" [()] ROOT [Operational],
        () => 200 Vec<Member>;
    /// Adds a member to the cluster.
    AddMember = Post "/cluster/members" [()] ROOT [Operational],
        MemberUrls => 201 MemberAdded;
    /// Makes a member that has joined a full one.
    PromoteMember = Post "/cluster/members/{MemberID}/promote" [MemberId] ROOT [Operational],
        () => 204 ();
    /// Changes the addresses of a member.
    SetMember = Put "/cluster/members/{MemberID}" [MemberId] ROOT [Operational],
        MemberUrls => 204 ();
    /// Takes a member out of the cluster.
    DeleteMember = Delete "/cluster/members/{MemberID}" [MemberId] ROOT [Operational],
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

    /// Shows the public key of the device's TLS as PEM, a `SubjectPublicKeyInfo`.
    GetTlsPublicPem = Get "/config/tls/public.pem" [()] ROOT [Operational],
        () => 200 Pem;
    /// Shows the certificates of the device's TLS, its own first.
    GetTlsCertificate = Get "/config/tls/cert.pem" [()] ROOT [Operational],
        () => 200 Pem;
    /// Sets the certificates of the device's TLS: its own first, each vouched for by the next.
    SetTlsCertificate = Put "/config/tls/cert.pem" [()] ROOT [Operational],
        Pem => 201 ();
    /// Makes a certificate signing request for the key of the device's TLS.
    MakeTlsCsr = Post "/config/tls/csr.pem" [()] ROOT [Operational],
        DistinguishedName => 200 Pem;
    /// Makes a new key for the device's TLS, with a certificate signed by itself.
    MakeTlsKey = Post "/config/tls/generate" [()] ROOT [Operational],
        GenerateTlsKey => 204 ();
    /// Shows the certificate of the authority of the cluster.
    GetClusterCa = Get "/config/tls/cluster-ca.pem" [()] ROOT [Operational],
        () => 200 Pem;
    /// Sets the certificate of the authority of the cluster.
    SetClusterCa = Put "/config/tls/cluster-ca.pem" [()] ROOT [Operational],
        Pem => 201 ();
    /// Tells where the device is in the network.
    GetNetwork = Get "/config/network" [()] ROOT [Operational],
        () => 200 Network;
    /// Sets where the device is in the network.
    SetNetwork = Put "/config/network" [()] ROOT [Operational],
        Network => 204 ();
    /// Tells where the log goes.
    GetLogging = Get "/config/logging" [()] ROOT [Operational],
        () => 200 Logging;
    /// Sets where the log goes.
    SetLogging = Put "/config/logging" [()] ROOT [Operational],
        Logging => 204 ();
    /// Changes what decrypts the backups to come.
    SetBackupPassphrase = Put "/config/backup-passphrase" [()] ROOT [Operational],
        NewBackupPassphrase => 204 ();
    /// Tells where the device gets the time from.
    GetNtp = Get "/config/ntp" [()] ROOT [Operational],
        () => 200 Ntp;
    /// Sets where the device gets the time from.
    SetNtp = Put "/config/ntp" [()] ROOT [Operational],
        Ntp => 204 ();
    /// Tells the time.
    GetTime = Get "/config/time" [()] ROOT [Operational],
        () => 200 Clock;
    /// Sets the time.
    SetTime = Put "/config/time" [()] ROOT [Operational],
        Clock => 204 ();

    /// Tells versions and identity of the device.
    GetSystemInfo = Get "/system/info" [()] ROOT [Operational],
        () => 200 SystemInfo;
    /// Restarts the device.
    Reboot = Post "/system/reboot" [()] ROOT_UNLESS_FAILED [Operational, Failed],
        () => 204 ();
    /// Turns the device off.
    Shutdown = Post "/system/shutdown" [()] ROOT_WHEN_OPERATIONAL
        [Operational, Unprovisioned, Locked, Failed],
        () => 204 ();
    /// Erases all that the device has and restarts it.
    FactoryReset = Post "/system/factory-reset" [()] ROOT_UNLESS_FAILED [Operational, Failed],
        () => 204 ();
    /// Brings an update into the device, to be committed or cancelled.
    UploadUpdate = Post "/system/update" [()] ROOT [Operational],
        UpdateFile => 200 ReleaseNotes;
    /// Installs the update that waits, and restarts the device.
    CommitUpdate = Post "/system/commit-update" [()] ROOT [Operational],
        () => 204 ();
    /// Forgets the update that waits.
    CancelUpdate = Post "/system/cancel-update" [()] ROOT [Operational],
        () => 204 ();
    /// Makes a backup of all keys, users and namespaces, encrypted.
    MakeBackup = Post "/system/backup" [()] BACKUP [Operational],
        () => 200 BackupFile;
    /// Restores a backup. What an operational device has beyond it is deleted.
    RestoreBackup = Post "/system/restore" [()] ROOT_UNLESS_FRESH [Unprovisioned, Operational],
        Restore => 204 ();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::who;

    #[test]
    fn the_documentation_says_who_may_as_the_rows_do() {
        macro_rules! same {
            ($($access:ident)+) => { $( assert_eq!(who!($access), $access.to_string()); )+ };
        }
        same!(ANYBODY ADMINISTRATOR OPERATOR EITHER METRICS ROOT BACKUP RESCUER);
        same!(ADMINISTRATOR_WHEN_OPERATIONAL ROOT_WHEN_OPERATIONAL);
        same!(ROOT_UNLESS_FAILED ROOT_UNLESS_FRESH);
    }

    #[test]
    fn a_row_and_its_method_are_documented_with_its_facts() {
        assert_eq!(
            facts!(Sign),
            "\n`POST /keys/{KeyID}/sign`, by Operator, in the states `[Operational]`; \
             question `SignRequest`, answer 200 `Signature`."
        );
    }
}
