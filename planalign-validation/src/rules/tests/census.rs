//! What `census_acceptance` reports for rejected and corrected rows.

use planalign_config::rate;

use super::{as_lines, damaged, findings, lists_its_rows, settings, validator};
use crate::rule::Severity;
use crate::settings::RuleSettings;

#[test]
fn census_acceptance_reports_the_causes_of_rejection() {
    let rejection = "
        update main.stg_census_summary set file_rows = file_rows + 3, rejected_rows = 3;
        insert into main.stg_census_issues values
            (20, 'employee_birth_date', 'missing', 'rejected'), (31, 'employee_birth_date', 'missing', 'rejected'),
            (25, 'employee_gross_compensation', 'not positive', 'rejected');";
    let expected = |severity: &str| {
        [2025, 2026].map(|year| {
            [
                format!(
                    "{year} {severity} census_acceptance (2): employee_birth_date: missing: 2 of 16 rows rejected, first at row 20"
                ),
                format!(
                    "{year} {severity} census_acceptance (1): employee_gross_compensation: not positive: 1 of 16 rows rejected, first at row 25"
                ),
            ]
        })
    };
    let db = damaged(rejection);
    assert_eq!(as_lines(&findings(&db, &settings())), expected("fatal").concat());
    // Three of 16 is 18.75%, exactly the maximum.
    let tolerant = RuleSettings { max_rejected_share: rate!(0.1875), ..settings() };
    assert_eq!(as_lines(&findings(&db, &tolerant)), expected("warning").concat());
    let just_below = RuleSettings { max_rejected_share: rate!(0.187499), ..settings() };
    assert_eq!(findings(&db, &just_below)[0].severity, Severity::Fatal);
}

#[test]
fn census_acceptance_reports_corrections() {
    let db = damaged(
        "insert into main.stg_census_issues
        select i, 'employee_deferral_rate', 'given in percent, divided by 100', 'corrected' from range(7) as r(i);
        insert into main.stg_census_issues
        select i, 'scheduled_hours_per_week', 'not between 1 and 80, 40 taken', 'corrected' from range(3, 9) as r(i)",
    );
    let found = validator(&db, &settings()).check("census_acceptance", 2025, &db).expect("enabled").expect("rule runs");
    for finding in &found {
        lists_its_rows(&db, finding);
    }
    // Seven of thirteen is more than half; six is not.
    assert_eq!(
        as_lines(&found),
        [
            "2025 warning census_acceptance (7): employee_deferral_rate: given in percent, divided by 100: 7 of 13 rows corrected, first at row 0",
            "2025 info census_acceptance (6): scheduled_hours_per_week: not between 1 and 80, 40 taken: 6 of 13 rows corrected, first at row 3",
        ]
    );
}

#[test]
fn census_acceptance_reports_that_no_rows_are_left() {
    let db = damaged("update main.stg_census_summary set accepted_rows = 0, left_out_rows = file_rows");
    let found = validator(&db, &settings()).check("census_acceptance", 2025, &db).expect("enabled").expect("rule runs");
    assert_eq!(
        as_lines(&found),
        ["2025 fatal census_acceptance (13): no census rows left to simulate: 13 rows in the file"]
    );
}
