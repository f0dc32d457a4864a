//! Arguments that are one of a few names.

/// Reads one of the names of an enumeration of the API, and lists them in the help.
macro_rules! one_of {
    ($of:ty) => {{
        use clap::builder::TypedValueParser;

        let names = <$of>::ALL.iter().map(|value| value.as_str());
        clap::builder::PossibleValuesParser::new(names).try_map(|name| name.parse::<$of>())
    }};
}

pub(crate) use one_of;
