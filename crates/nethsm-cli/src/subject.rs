//! Whom a certificate shall be for.

use clap::Args;
use nethsm::csr::DistinguishedName;

/// Whom a certificate shall be for. What is left out is left out of the request.
#[derive(Args, Debug)]
pub(crate) struct Subject {
    /// The name itself (CN).
    #[arg(long, value_name = "TEXT")]
    common_name: String,
    /// Country, two letters (C).
    #[arg(long, value_name = "CC", default_value = "", hide_default_value = true)]
    country: String,
    /// State or province (ST).
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    state: String,
    /// Town (L).
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    locality: String,
    /// Organisation (O).
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    organization: String,
    /// Part of the organisation (OU).
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    unit: String,
    /// Mail address.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "",
        hide_default_value = true
    )]
    email: String,
    /// Another name: a DNS name, or IP:ADDRESS; may be repeated [default: the common name].
    #[arg(long = "alt-name", value_name = "NAME")]
    alternative_names: Vec<String>,
    /// No other names at all.
    #[arg(long, conflicts_with = "alternative_names")]
    no_alt_names: bool,
}

impl Subject {
    pub(crate) fn name(&self) -> DistinguishedName {
        let names = self.alternative_names.clone();
        DistinguishedName {
            country_name: self.country.clone(),
            state_or_province_name: self.state.clone(),
            locality_name: self.locality.clone(),
            organization_name: self.organization.clone(),
            organizational_unit_name: self.unit.clone(),
            common_name: self.common_name.clone(),
            email_address: self.email.clone(),
            subject_alt_names: (self.no_alt_names || !names.is_empty()).then_some(names),
        }
    }
}
