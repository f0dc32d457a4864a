//! Namespaces: keys and users of their own.

use serde::{Deserialize, Serialize};

use crate::body::json;
use crate::id::NamespaceId;

/// One line of the list of namespaces.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct NamespaceItem {
    /// The namespace.
    pub id: NamespaceId,
}

json!(Vec<NamespaceItem>);
