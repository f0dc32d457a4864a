//! Console sessions: test and manual in one.

#[test]
fn sessions_are_as_shown() {
    trycmd::TestCases::new().case("tests/console/*.md");
}
