//! Certificate signing requests.

use serde::{Deserialize, Serialize};

use crate::body::json;

/// Whom a certificate shall be for. Empty texts are left out of the request.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistinguishedName {
    /// Two letters (C).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub country_name: String,
    /// State or province (ST).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state_or_province_name: String,
    /// Town (L).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub locality_name: String,
    /// Organisation (O).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub organization_name: String,
    /// Part of the organisation (OU).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub organizational_unit_name: String,
    /// The name itself (CN).
    pub common_name: String,
    /// Mail address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email_address: String,
    /// Other names: DNS names, or addresses as `IP:192.0.2.1`. Nothing means the common name;
    /// an empty list means none at all. Devices before version 3.0 do not know this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_alt_names: Option<Vec<String>>,
}

json!(DistinguishedName);
