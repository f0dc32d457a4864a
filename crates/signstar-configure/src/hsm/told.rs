//! How plans are told.

use std::{collections::BTreeMap, fmt, io::Write};

use serde::Serialize;
use signstar_hsm::state::Plan;

use super::{Form, HsmError, token::TokenPlan, yubihsm::DevicePlan};
use crate::shares;

/// The plan of one HSM.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AnyPlan {
    NetHsm(Plan),
    Token(TokenPlan),
    Device(DevicePlan),
}

impl AnyPlan {
    pub(super) fn is_pending(&self) -> bool {
        match self {
            Self::NetHsm(plan) => !plan.steps.is_empty(),
            Self::Token(plan) => !plan.steps.is_empty(),
            Self::Device(plan) => !plan.steps.is_empty(),
        }
    }
}

impl fmt::Display for AnyPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NetHsm(plan) => plan.fmt(f),
            Self::Token(plan) => plan.fmt(f),
            Self::Device(plan) => plan.fmt(f),
        }
    }
}

pub(super) fn tell(
    plans: &BTreeMap<String, AnyPlan>,
    outlook: Option<&shares::Outlook>,
    form: Form,
    out: &mut dyn Write,
) -> Result<(), HsmError> {
    let pending = outlook.map(|all| all.pending.as_slice());
    let told = match form {
        Form::Json => in_json(plans, pending).and_then(|text| writeln!(out, "{text}")),
        Form::Text => {
            let head = match pending.unwrap_or_default() {
                [] => String::new(),
                lines => format!("[administration]\n{}\n", lines.join("\n")),
            };
            let plans = plans.iter();
            let plans: String = plans
                .map(|(name, plan)| format!("[hsm.{name}]\n{plan}"))
                .collect();
            write!(out, "{head}{plans}")
        }
    };
    told.map_err(HsmError::Output)
}

/// An object with a plan for each HSM; in shares, also `[administration]`, which no HSM is called.
fn in_json(
    plans: &BTreeMap<String, AnyPlan>,
    pending: Option<&[String]>,
) -> std::io::Result<String> {
    let mut all = BTreeMap::new();
    for (name, plan) in plans {
        all.insert(name.as_str(), serde_json::to_value(plan)?);
    }
    if let Some(pending) = pending {
        all.insert("[administration]", serde_json::json!({ "steps": pending }));
    }
    Ok(serde_json::to_string_pretty(&all)?)
}
