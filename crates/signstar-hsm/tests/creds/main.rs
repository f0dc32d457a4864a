//! Stories of secrets that the real `systemd-creds` keeps, and a TPM2 in software.

mod host;
mod key;
mod tpm;
mod tpms;
