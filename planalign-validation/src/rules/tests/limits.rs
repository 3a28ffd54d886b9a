//! Damage that only `contribution_limits` reports, and the plan settings it uses.

use planalign_config::rate;

use super::{as_lines, check, damaged, findings, settings};
use crate::settings::RuleSettings;

#[test]
fn contribution_limits_reports_deferrals_above_the_limits() {
    let which = |who: &str| format!("employee_id = '{who}' and simulation_year = 2026");
    // Every change of the contributions is made in the snapshot too.
    let both = |who: &str, regular: &str, catch_up: &str| {
        format!(
            "update main.int_employee_contributions set regular_deferrals = {regular}, catch_up_deferrals = {catch_up},
                annual_contribution_amount = {regular}::decimal(12, 2) + {catch_up} where {0};
             update main.fct_workforce_snapshot set prorated_annual_contributions = {regular}::decimal(12, 2) + {catch_up} where {0}",
            which(who)
        )
    };
    let age = "deferrals above the 402(g) limit plus 414(v) catch-up for age on Dec 31 in `int_employee_contributions`";
    let expected = |what: &str| format!("2026 error contribution_limits (1): {what}: 1 person");
    // At age 48, a cent of catch-up is a cent too much, even if the row says otherwise.
    check(&both("A06", "0", "0"), &[]);
    check(&both("A09", "24500.00", "0.01"), &[&expected(age)]);
    check(&both("A09", "24500.00", "0.00"), &[]);
    // The catch-up limit is 8,000 at age 58, 11,250 at 62, and 8,000 again at 66.
    for (who, limit) in [("A02", "8000"), ("A03", "11250"), ("A12", "8000")] {
        check(&both(who, "24500.00", &format!("{limit}.00")), &[]);
        check(&both(who, "24500.00", &format!("{limit}.01")), &[&expected(age)]);
    }
    check(
        &both("A02", "24500.01", "0.00"),
        &[&expected("regular deferrals above the 402(g) limit in `int_employee_contributions`")],
    );
}

#[test]
fn contribution_limits_follows_the_plan_settings() {
    let age = "deferrals above the 402(g) limit plus 414(v) catch-up for age on Dec 31 in `int_employee_contributions`";
    let found_with = |settings: RuleSettings| as_lines(&findings(&damaged(""), &settings));
    let expected = |counts: [u64; 2], what: &str, unit: &str| {
        [(2025, counts[0]), (2026, counts[1])]
            .map(|(y, n)| format!("{y} error contribution_limits ({n}): {what}: {n} {unit}"))
    };
    assert_eq!(found_with(RuleSettings { catch_up: false, ..settings() }), expected([2, 3], age, "people"));
    assert_eq!(found_with(RuleSettings { super_catch_up: false, ..settings() }), expected([1, 1], age, "person"));
    let increase =
        "automatic increase above `deferral_auto_escalation.maximum_rate`, or not an increase, in `fct_yearly_events`";
    let lower = RuleSettings { maximum_escalated_rate: rate!(0.099999), ..settings() };
    assert_eq!(found_with(lower), expected([1, 1], increase, "event"));
}

#[test]
fn contribution_limits_reports_the_other_limits() {
    let of = |table: &str, what: &str, who: &str| {
        format!("update main.{table} set {what} where employee_id = '{who}' and simulation_year = 2026")
    };
    let expected = |what: &str| format!("2026 error contribution_limits (1): {what}");
    check(
        &of("fct_employer_match_events", "eligible_compensation = 360000.01", "A03"),
        &[&expected("eligible pay above the 401(a)(17) limit in `fct_employer_match_events`: 1 person")],
    );
    check(
        &of("int_employer_core_contributions", "eligible_compensation = 360000.01", "A03"),
        &[&expected("eligible pay above the 401(a)(17) limit in `int_employer_core_contributions`: 1 person")],
    );
    let more = of("fct_employer_match_events", "amount = amount + 0.01", "A01")
        + ";"
        + &of(
            "fct_workforce_snapshot",
            "employer_match_amount = employer_match_amount + 0.01, total_employer_contributions = total_employer_contributions + 0.01",
            "A01",
        );
    check(
        &more,
        &[&expected("match above `employer_match.match_cap_percent` in `fct_employer_match_events`: 1 person")],
    );
    check(
        "update main.int_irs_limits set deferral_limit = 24500.01 where simulation_year = 2026",
        &[&expected("`int_irs_limits` differs from the published limits in `config_irs_limits`: 1 row")],
    );
}
