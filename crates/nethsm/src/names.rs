//! Enumerations whose values have fixed spellings on the wire.

/// Declares an enumeration together with its wire spellings, so that the two cannot drift.
///
/// The order of the values is the order in which the device lists them.
macro_rules! names {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$value_meta:meta])* $value:ident = $text:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$value_meta])* #[serde(rename = $text)] $value, )+
        }

        impl $name {
            /// Every value, in the order of the device.
            pub const ALL: &'static [Self] = &[$( Self::$value, )+];

            /// The spelling on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$value => $text, )+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::body::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == text)
                    .ok_or($crate::body::UnknownName { of: stringify!($name) })
            }
        }
    };
}

pub(crate) use names;
