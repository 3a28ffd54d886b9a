//! The examples run, and tell what they should.

use std::env;

#[expect(dead_code, reason = "the test does not call main")]
#[path = "../examples/growth.rs"]
mod growth;
#[expect(dead_code, reason = "the test does not call main")]
#[path = "../examples/without_database.rs"]
mod without_database;

#[test]
fn growth() {
    // As the example is called: in the folder of the repository.
    env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).expect("the repository");
    let told = growth::run().unwrap_or_else(|e| panic!("{e}"));
    insta::assert_snapshot!(told.join("\n"), @"
    2025: 10300 employed, growth 3.00 %
    2026: 10609 employed, growth 3.00 %
    2027: 10927 employed, growth 3.00 %
    0 errors, 0 warnings
    ");
}

#[test]
fn without_database() {
    let told = without_database::run().unwrap_or_else(|e| panic!("{e}"));
    insta::assert_snapshot!(told.join("\n"), @"
    2025: staff is built
    2025: FOUNDATION is committed
    2025: EVENTS is tried again: model hires (models/events/hires.sql) failed: the file is locked
    2025: hires is built
    2025: leavers is built
    2025: EVENTS is committed
    2025: REPORTING is committed
    2026: staff is built
    2026: FOUNDATION is committed
    2026: hires is built
    2026: leavers is built
    2026: EVENTS is committed
    2026: REPORTING is committed
    ");
}
