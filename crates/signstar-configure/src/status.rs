//! How the program ends.

/// The exit status of whatever sets up hosts and HSMs. (Downloads have [those of
/// sessions](crate::Error::exit_status).)
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// There was nothing to do, or all of it is done.
    Done,
    /// Something is wrong.
    Failed,
    /// The command line is wrong.
    Usage,
    /// There are changes to be made, and none was made.
    Pending,
    /// More shares are needed.
    WaitingForShares,
    /// A device cannot be reached.
    Unreachable,
    /// There are no credentials for this.
    NoCredentials,
}

impl Status {
    /// What the program tells whoever started it.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Pending => 10,
            Self::WaitingForShares => 20,
            Self::Unreachable => 21,
            Self::NoCredentials => 22,
        }
    }
}
