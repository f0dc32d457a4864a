//! The real program, with stand-ins for `ssh` and for the enclave.

mod again;
mod forwarded;
mod key;
mod kinds;
mod named;
mod resumed;
mod signed;
mod stand_in;
mod trouble;

/// The sessions in `tests/console` are a manual, too.
#[test]
fn console_sessions() {
    trycmd::TestCases::new()
        .case("tests/console/*.md")
        .register_bin(
            "signstar-request-signature",
            std::path::Path::new(env!("CARGO_BIN_EXE_signstar-request-signature")),
        )
        .env("HOME", "/nowhere")
        .env("XDG_CONFIG_HOME", "/nowhere");
}
