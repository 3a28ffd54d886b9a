//! For each rule: damage that only it reports, and what it needs to run at all.

mod census;
mod limits;

use planalign_config::{Database, DatabaseOptions, full_message, rate};

use planalign_config::Fault;
use planalign_registries::duckdb::{DeferralEscalationRegistry, EnrollmentRegistry};
use planalign_registries::{Disagreement, InMemoryRegistry, Registry};

use crate::rule::Finding;
use crate::settings::{CensusOrigin, RuleSettings};
use crate::validator::DataValidator;
use planalign_config::settings::{
    DistributionDrift, HireTerminationRatio, PayOutliers, RATED_RULES, Rating, STOPPING_RULES, SqlRule, YearlyJumps,
};

const FIXTURE: &str = include_str!("../../fixtures/two_years.sql");

fn settings() -> RuleSettings {
    // Of 12 people, a sixth are terminated and more than half as many are hired: the workforce changes a lot every year.
    RuleSettings {
        maximum_hire_share: rate!(0.6),
        pay_outliers: PayOutliers { maximum_robust_z: rate!(100.0) },
        yearly_jumps: YearlyJumps { maximum_change: rate!(1.0) },
        distribution_drift: DistributionDrift { maximum_stability_index: rate!(10.0) },
        ..RuleSettings::default()
    }
}

fn damaged(damage: &str) -> Database {
    let db = Database::in_memory(&DatabaseOptions::default()).expect("in-memory database");
    db.execute_batch(FIXTURE).expect("load fixture");
    db.execute_batch(damage).expect("damage");
    db
}

/// The rules, with the database's registries.
fn validator(db: &Database, settings: &RuleSettings) -> DataValidator<'static> {
    let enrollment = EnrollmentRegistry::new(db.clone()).expect("open registry");
    let deferral = DeferralEscalationRegistry::new(db.clone()).expect("open registry");
    DataValidator::new(super::rules(settings, vec![Box::new(enrollment), Box::new(deferral)]))
}

/// One rule's findings for a year.
fn messages_of(name: &str, year: i32, db: &Database, settings: &RuleSettings) -> String {
    as_lines(&validator(db, settings).check(name, year, db).expect("enabled").expect("rule runs")).join("\n")
}

fn findings(db: &Database, settings: &RuleSettings) -> Vec<Finding> {
    let validator = validator(db, settings);
    let of_year = |year| validator.validate(year, db).unwrap_or_else(|e| panic!("{}", full_message(&e)));
    let found: Vec<Finding> = [2025, 2026].into_iter().flat_map(of_year).collect();
    for finding in &found {
        lists_its_rows(db, finding);
    }
    found
}

/// A finding's query lists as many rows as it counts. If sums differ, it counts one and lists everyone who differs.
#[track_caller]
fn lists_its_rows(db: &Database, finding: &Finding) {
    let Some(rows) = &finding.rows else { return };
    let listed = db.query(rows, &[]).unwrap_or_else(|e| panic!("{}: {e}\n{rows}", finding.message)).rows.len() as u64;
    let by_sums = finding.rule == "snapshot_consistency" && finding.message.ends_with(": 1 row");
    assert!(listed == finding.count || by_sums && listed > 0, "{listed} rows: {}\n{rows}", finding.message);
}

fn as_lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{} {} {} ({}): {}", f.year, f.severity, f.rule, f.count, f.message)).collect()
}

/// Damages the fixture and compares all findings of all rules for both years.
#[track_caller]
fn check(damage: &str, expected: &[&str]) {
    assert_eq!(as_lines(&findings(&damaged(damage), &settings())), expected, "{damage}");
}

#[test]
fn undamaged_data_has_no_findings() {
    check("", &[]);
}

#[test]
fn data_freshness_reports_a_changed_file_and_a_wrong_date() {
    let folder = tempfile::tempdir().expect("temp dir");
    let path = folder.path().join("census.csv");
    std::fs::write(&path, "employee_id\n1\n").expect("write");
    let sha256 = planalign_config::census::digest(&path).expect("digest");
    let settings = RuleSettings { census: Some(CensusOrigin { path: path.clone(), sha256 }), ..settings() };
    let found = |damage: &str| {
        messages_of("data_freshness_check", 2025, &damaged(damage), &settings)
            .replace(&folder.path().display().to_string(), "[folder]")
    };
    assert_eq!(found(""), "");
    insta::assert_snapshot!(found("update stg_census_data set employee_hire_date = '2025-01-01' where employee_id = 'A01'"), @"2025 error data_freshness_check (1): `stg_census_data` isn't as of 2024-12-31: 1 person hired later");
    std::fs::write(&path, "employee_id\n2\n").expect("write");
    insta::assert_snapshot!(found(""), @"2025 error data_freshness_check (1): `[folder]/census.csv` changed since the run started");
    std::fs::remove_file(&path).expect("remove");
    insta::assert_snapshot!(found(""), @"2025 error data_freshness_check (1): cannot check whether `[folder]/census.csv` changed: census file `[folder]/census.csv` not found");
}

#[test]
fn compensation_reasonableness_reports_pay_out_of_bounds_and_jumps() {
    let pay = |amount: &str| {
        let opening = "employee_id = 'A01' and simulation_year = 2026";
        let db = damaged(&format!(
            "update int_employee_compensation_by_year set employee_compensation = {amount} where {opening}"
        ));
        messages_of("compensation_reasonableness", 2026, &db, &settings())
    };
    insta::assert_snapshot!(pay("0"), @"2026 error compensation_reasonableness (1): pay missing, zero, or negative: 1 person");
    insta::assert_snapshot!(pay("null"), @"2026 error compensation_reasonableness (1): pay missing, zero, or negative: 1 person");
    insta::assert_snapshot!(pay("9999.99"), @"2026 error compensation_reasonableness (1): pay below $10,000: 1 person");
    insta::assert_snapshot!(pay("5000000.01"), @"
    2026 error compensation_reasonableness (1): pay above $5,000,000: 1 person
    2026 warning compensation_reasonableness (14): average pay rose 255.9% from the prior year
    ");
}

#[test]
fn hire_termination_ratio_reports_disproportionate_counts() {
    let steady = RuleSettings {
        hire_termination: HireTerminationRatio {
            minimum_ratio: rate!(0.3),
            maximum_ratio: rate!(3.0),
            steady_growth: rate!(1.0),
        },
        ..settings()
    };
    let found =
        |damage: &str, settings: &RuleSettings| messages_of("hire_termination_ratio", 2025, &damaged(damage), settings);
    insta::assert_snapshot!(found("delete from int_hiring_events", &settings()), @"2025 warning hire_termination_ratio (7): no hires, though 7 were planned");
    insta::assert_snapshot!(found("delete from int_termination_events; delete from int_new_hire_termination_events", &settings()), @"2025 warning hire_termination_ratio (5): no terminations, though 5 were planned");
    let times = |table: &str, n: u32| {
        format!("insert into {table} select copied.* from {table} as copied, range({n}) as copies (i)")
    };
    let many = times("int_hiring_events", 20);
    insta::assert_snapshot!(found(&many, &steady), @"2025 warning hire_termination_ratio (142): 147 hires for 5 terminations, though headcount is nearly flat");
    assert_eq!(found(&many, &settings()), "", "a year of growth");
    insta::assert_snapshot!(found(&times("int_termination_events", 20), &steady), @"2025 warning hire_termination_ratio (58): 7 hires for 65 terminations, though headcount is nearly flat");
}

#[test]
fn row_count_drift_reports_lost_and_duplicate_rows() {
    check(
        "update main.stg_census_summary set file_rows = file_rows + 2",
        &["2025 error row_count_drift (2): 15 rows in the census file, but 13 accepted, rejected, or skipped"],
    );
    check(
        "delete from main.stg_census_data where employee_id = 'A01'",
        &["2025 error row_count_drift (1): 12 accepted rows, but 11 in `stg_census_data`"],
    );
    check(
        "update main.int_baseline_workforce set employee_id = 'A02' where employee_id = 'A01'",
        &["2025 error row_count_drift (1): 12 rows in `int_baseline_workforce`, but 11 different people"],
    );
    check(
        "update main.int_workforce_state set employment_status = 'terminated'
             where employee_id = 'A01' and simulation_year = 2025",
        &[
            "2026 error row_count_drift (1): 13 active employees at the end of the prior year, but 14 in `int_employee_compensation_by_year`",
        ],
    );
}

#[test]
fn workforce_feasibility_stops_impossible_plans() {
    check(
        "update main.int_workforce_needs set experienced_terminations = 15 where simulation_year = 2026",
        &["2026 fatal workforce_feasibility (1): 15 terminations planned, but opening headcount is 14"],
    );
    check(
        "update main.int_workforce_needs set new_hire_terminations = 8 where simulation_year = 2026",
        &["2026 fatal workforce_feasibility (1): 8 new-hire terminations planned, but only 7 hires"],
    );
    check(
        "update main.int_workforce_needs set expected_closing_headcount = 17 where simulation_year = 2026",
        &["2026 fatal workforce_feasibility (1): planned closing headcount is 17; target is 16"],
    );
    check(
        "update main.int_workforce_needs set expected_closing_headcount = 14 where simulation_year = 2026",
        &["2026 fatal workforce_feasibility (2): planned closing headcount is 14; target is 16"],
    );
    check(
        "update main.int_workforce_needs set hires = 9 where simulation_year = 2026",
        &["2026 warning workforce_feasibility (9): 9 hires planned for an opening headcount of 14"],
    );
}

#[test]
fn event_sequence_reports_events_at_the_wrong_time() {
    let update = |what: &str, which: &str| {
        format!("update main.fct_yearly_events set {what} where {which} and simulation_year = 2026")
    };
    let only = |what: &str| format!("2026 error event_sequence (1): {what}: 1 person");
    let raise = "employee_id = 'A01' and event_type = 'raise'";
    check(
        &update("effective_date = '2027-01-01'", raise),
        &[&only("events dated outside the year in `fct_yearly_events`")],
    );
    check(
        &update("effective_date = '2026-08-12'", "employee_id = 'NH_2026_000002' and event_type = 'enrollment'"),
        &[&only("events before the hire date")],
    );
    check(
        &update("effective_date = '2026-12-17'", "employee_id = 'A07' and event_type = 'raise'"),
        &[&only("events after termination")],
    );
    check(
        &update("employee_id = 'A99'", "employee_id = 'NH_2026_000001' and event_type = 'eligibility'"),
        &[&only("events for people not employed in the year")],
    );
    let repeated = "insert into main.fct_yearly_events
         select * replace ('termination' as event_type, 'repeated' as event_category)
         from main.fct_yearly_events
         where employee_id = 'A07' and event_type = 'termination' and simulation_year = 2026"
        .to_string();
    check(&repeated, &[&only("more than one hire or termination")]);
}

#[test]
fn event_sequence_reports_increases_that_are_not_allowed() {
    let only = |what: &str| format!("2026 error event_sequence (1): {what}: 1 person");
    let repeated = format!(
        "insert into fct_yearly_events select * replace (
            '2026-07-01'::date as effective_date, 1825 as event_sequence, employee_deferral_rate as prev_employee_deferral_rate)
        from fct_yearly_events where {} and event_type = 'deferral_escalation'",
        person("A01")
    );
    let found = as_lines(&findings(&damaged(&repeated), &settings()));
    assert!(found.contains(&only("more than one automatic deferral increase")), "{found:#?}");
    check(
        &format!("update int_employee_compensation_by_year set auto_escalation_opt_out = true where {}", person("A01")),
        &[&only("automatic deferral increase after opting out")],
    );
}

#[test]
fn event_sequence_reports_broken_chains() {
    let update = |what: &str, which: &str, year: i32| {
        format!("update main.fct_yearly_events set {what} where {which} and simulation_year = {year}")
    };
    let pay = "an event doesn't start from the pay in effect: 1 person";
    check(
        &update(
            "previous_compensation = previous_compensation + 0.01",
            "employee_id = 'A01' and event_type = 'raise'",
            2026,
        ),
        &[&format!("2026 error event_sequence (1): {pay}")],
    );
    check(
        &update(
            "compensation_amount = compensation_amount - 0.01",
            "employee_id = 'A09' and event_type = 'promotion'",
            2025,
        ),
        &[&format!("2025 error event_sequence (1): {pay}")],
    );
    // Both rates are a millionth too high: the increase is right, but not where it starts.
    let shifted = "employee_deferral_rate = employee_deferral_rate + 0.000001,
        prev_employee_deferral_rate = prev_employee_deferral_rate + 0.000001";
    check(
        &update(shifted, "employee_id = 'A01' and event_type = 'deferral_escalation'", 2026),
        &["2026 error event_sequence (1): an event doesn't start from the deferral rate in effect: 1 person"],
    );
    check(
        &update(shifted, "employee_id = 'A04' and event_type = 'enrollment_change'", 2025),
        &["2025 error event_sequence (1): an event doesn't start from the deferral rate in effect: 1 person"],
    );
    // The right events in the wrong order.
    check(
        &update("event_sequence = 5 - event_sequence", "employee_id = 'A09'", 2025),
        &[&format!("2025 error event_sequence (1): {pay}")],
    );
}

#[test]
fn event_sequence_follows_chains_of_any_length() {
    let original =
        "from fct_yearly_events where employee_id = 'A09' and event_sequence = 1967 and simulation_year = 2025";
    let insert = |replaced: &str| format!("insert into fct_yearly_events select * replace ({replaced}) {original};");
    // A09 was promoted to 148,578.96 and raised to 156,743.67. Two more raises of zero.
    let third =
        insert("'2025-08-01' as effective_date, 2137 as event_sequence, compensation_amount as previous_compensation");
    let fourth =
        insert("'2025-09-01' as effective_date, 2447 as event_sequence, compensation_amount as previous_compensation");
    check(&third, &[]);
    let broken = |sequence: i32| {
        format!("update fct_yearly_events set previous_compensation = 156743.66 where event_sequence = {sequence};")
    };
    let expected = "an event doesn't start from the pay in effect: 1 person";
    check(&format!("{third}{}", broken(2137)), &[&format!("2025 error event_sequence (1): {expected}")]);
    // Damage the middle event of three.
    let gap = format!(
        "{third}update fct_yearly_events set previous_compensation = 148578.95 where employee_id = 'A09' and event_sequence = 1967 and simulation_year = 2025;"
    );
    check(&gap, &[&format!("2025 error event_sequence (1): {expected}")]);
    check(&format!("{third}{fourth}"), &[]);
    let expected = "a later event doesn't start from the pay in effect: 1 person";
    check(&format!("{third}{fourth}{}", broken(2447)), &[&format!("2025 error event_sequence (1): {expected}")]);
}

/// Selects a person's row in 2026.
fn person(employee: &str) -> String {
    format!("employee_id = '{employee}' and simulation_year = 2026")
}

/// Changes a value of A01 in 2026 wherever it appears, so that only its origin is wrong.
fn everywhere(value: &str, places: [(&str, &str); 3]) -> String {
    let update =
        |(table, column): (&str, &str)| format!("update {table} set {column} = {value} where {};", person("A01"));
    places.map(update).concat()
}

#[test]
fn accumulator_integrity_reports_state_that_does_not_follow_from_events() {
    let expected = |table: &str| {
        format!(
            "2026 error accumulator_integrity (1): `{table}` doesn't match the opening state plus the events: 1 person"
        )
    };
    let enrolled = [
        ("int_enrollment_state_accumulator", "is_enrolled"),
        ("fct_workforce_snapshot", "is_enrolled_flag"),
        ("planalign.enrollment_registry", "is_enrolled"),
    ];
    check(&everywhere("false", enrolled), &[&expected("int_enrollment_state_accumulator")]);
    let rate = [
        ("int_deferral_rate_state_accumulator", "current_deferral_rate"),
        ("fct_workforce_snapshot", "current_deferral_rate"),
        ("planalign.deferral_escalation_registry", "current_rate"),
    ];
    check(&everywhere("0.07123", rate), &[&expected("int_deferral_rate_state_accumulator")]);
    let escalations = [
        ("int_deferral_escalation_state_accumulator", "total_deferral_escalations"),
        ("fct_workforce_snapshot", "total_deferral_escalations"),
        ("planalign.deferral_escalation_registry", "escalations"),
    ];
    check(&everywhere("3", escalations), &[&expected("int_deferral_escalation_state_accumulator")]);
}

#[test]
fn accumulator_integrity_reports_missing_and_extra_people() {
    let accumulator = "int_deferral_escalation_state_accumulator";
    let follow = format!("`{accumulator}` doesn't match the opening state plus the events");
    let registry = "deferral_escalation registry";
    check(
        &format!("delete from {accumulator} where {}", person("A02")),
        &[
            &format!("2026 error accumulator_integrity (1): {follow}: 1 person"),
            &format!(
                "2026 error state_consistency (1): {registry}: people in the registry but not in {accumulator}: 1 person"
            ),
        ],
    );
    check(
        &format!("insert into {accumulator} from {accumulator} where {}", person("A02")),
        &[
            "2026 error accumulator_integrity (1): in an accumulator but not in the year's workforce, or listed twice: 1 person",
            &format!(
                "2026 error state_consistency (1): {registry}: duplicate people in the registry or in {accumulator}: 1 person"
            ),
        ],
    );
}

#[test]
fn events_that_contradict_the_state_are_reported() {
    // A second enrollment, an opt-out of someone not enrolled, and an increase that doesn't increase.
    let insert = |employee: &str, kind: &str, rate: &str| {
        format!(
            "insert into fct_yearly_events select * replace ('{employee}' as employee_id, '{kind}' as event_type,
                {rate} as employee_deferral_rate, {rate} as prev_employee_deferral_rate, 3600 as event_sequence,
                '2026-12-26'::date as effective_date)
            from fct_yearly_events where {} and event_type = 'deferral_escalation'",
            person("A01")
        )
    };
    let found = |damage: &str| as_lines(&findings(&damaged(damage), &settings())).join("\n");
    let contradiction = "accumulator_integrity (1): `int_enrollment_state_accumulator` doesn't match";
    assert!(found(&insert("A02", "enrollment", "0.12")).contains(contradiction));
    assert!(found(&insert("NH_2026_000001", "enrollment_change", "0")).contains(contradiction));
    assert!(
        found(&insert("A09", "deferral_escalation", "0.10")).contains("contribution_limits (1): automatic increase")
    );
    assert!(found(&insert("Z99", "enrollment", "0.12")).contains("event_sequence (1): events for people not employed"));
}

#[test]
fn state_consistency_reports_registries_that_differ() {
    let cases = [
        ("enrollment", "is_enrolled = false", "enrolled in int_enrollment_state_accumulator but not by the events"),
        ("enrollment", "source = 'auto_enrollment'", "different enrollment method in int_enrollment_state_accumulator"),
        (
            "deferral_escalation",
            "current_rate = 0.01",
            "different deferral rate in int_deferral_rate_state_accumulator",
        ),
        (
            "deferral_escalation",
            "escalations = 1",
            "different number of increases in int_deferral_escalation_state_accumulator",
        ),
    ];
    for (registry, what, expected) in cases {
        check(
            &format!("update planalign.{registry}_registry set {what} where {}", person("A01")),
            &[&format!("2026 error state_consistency (1): {registry} registry: {expected}: 1 person")],
        );
    }
}

#[test]
fn state_consistency_checks_every_registry() {
    let (db, settings) = (damaged(""), settings());
    let [silent, loud, failing] = ["silent", "loud", "failing"].map(InMemoryRegistry::new);
    let found_by = |registries: &[&InMemoryRegistry]| {
        let registries = registries.iter().map(|&r| Box::new(r.clone()) as Box<dyn Registry>).collect();
        let validator = DataValidator::new(super::rules(&settings, registries));
        validator.check("state_consistency", 2026, &db).expect("built-in rule").map(|findings| as_lines(&findings))
    };
    loud.disagrees(2026, vec![Disagreement { what: "dates".to_owned(), count: 2, rows: None }]);
    let found = found_by(&[&silent, &loud]).expect("rule runs");
    assert_eq!(found, ["2026 error state_consistency (2): loud registry: dates: 2 people"]);
    failing.fail_next("check", Fault::Transient);
    let error = found_by(&[&loud, &failing]).expect_err("a registry fails");
    assert_eq!(error.fault(), Fault::Transient);
    let error = full_message(&error);
    assert!(error.starts_with("rule `state_consistency` cannot run for 2026: the failing registry"), "{error}");
}

#[test]
fn accumulator_integrity_reports_events_without_an_effect() {
    let lost = "delete from main.fct_yearly_events where event_type = 'deferral_escalation' and employee_id = 'A05' and simulation_year = 2026";
    let follow = "doesn't match the opening state plus the events: 1 person";
    check(
        lost,
        &[
            &format!("2026 error accumulator_integrity (1): `int_deferral_rate_state_accumulator` {follow}"),
            &format!("2026 error accumulator_integrity (1): `int_deferral_escalation_state_accumulator` {follow}"),
        ],
    );
}

#[test]
fn workforce_totals_reports_a_headcount_that_does_not_add_up() {
    let which = "employee_id = 'A01' and simulation_year = 2026";
    check(
        &format!(
            "update main.fct_workforce_snapshot set employment_status = 'terminated', detailed_status_code = 'experienced_termination' where {which}"
        ),
        &[
            "2026 error workforce_totals (1): closing headcount is 15; target is 16",
            "2026 error workforce_totals (1): closing headcount is 15, but 14 - 3 terminations + 7 hires - 2 new-hire terminations = 16",
        ],
    );
    check(
        &format!(
            "update main.fct_workforce_snapshot set detailed_status_code = 'experienced_termination' where {which}"
        ),
        &["2026 error workforce_totals (1): 16 active employees in the snapshot, but 15 by detailed status"],
    );
    check(
        "update main.int_workforce_needs set target_headcount = 17, expected_closing_headcount = 17 where simulation_year = 2026",
        &["2026 error workforce_totals (1): closing headcount is 16; target is 17"],
    );
}

#[test]
fn snapshot_consistency_reports_a_snapshot_that_differs() {
    let cases = [
        (
            "is_enrolled_flag = false",
            "(1): enrollment in the snapshot differs from `int_enrollment_state_accumulator`: 1 person",
        ),
        ("current_deferral_rate = 0.01", "(1): deferral rates in the snapshot differ from the accumulator: 1 row"),
        (
            "total_deferral_escalations = 9",
            "(1): automatic increases in the snapshot differ from the accumulator: 1 row",
        ),
        (
            "prorated_annual_contributions = prorated_annual_contributions + 0.01",
            "(1): employee contributions in the snapshot don't add up to `int_employee_contributions`: 1 row",
        ),
        (
            "employer_match_amount = employer_match_amount + 0.01, total_employer_contributions = total_employer_contributions + 0.01",
            "(1): match in the snapshot doesn't add up to `fct_employer_match_events`: 1 row",
        ),
        (
            "employer_core_amount = employer_core_amount + 0.01, total_employer_contributions = total_employer_contributions + 0.01",
            "(1): core contributions in the snapshot don't add up to `int_employer_core_contributions`: 1 row",
        ),
        (
            "total_employer_contributions = total_employer_contributions + 0.01",
            "(1): match and core don't add up to total employer contributions: 1 person",
        ),
    ];
    for (what, expected) in cases {
        check(
            &format!(
                "update main.fct_workforce_snapshot set {what} where employee_id = 'A01' and simulation_year = 2026"
            ),
            &[&format!("2026 error snapshot_consistency {expected}")],
        );
    }
}

/// One rule's findings for 2026 after some damage, with the default thresholds.
fn found_in_2026(name: &str, damage: &str) -> String {
    let (db, settings) = (damaged(damage), RuleSettings::default());
    let compares = ["yearly_jumps", "distribution_drift"].contains(&name);
    assert!(
        !compares || messages_of(name, 2025, &db, &settings).is_empty(),
        "the start year has nothing to compare with"
    );
    messages_of(name, 2026, &db, &settings)
}

#[test]
fn pay_far_from_the_median_of_the_level_is_reported() {
    let typo = |factor: u32| {
        format!(
            "update fct_workforce_snapshot set current_compensation = current_compensation * {factor} where {}",
            person("NH_2025_000001")
        )
    };
    assert_eq!(found_in_2026("pay_outliers", &typo(1)), "");
    insta::assert_snapshot!(found_in_2026("pay_outliers", &typo(10)), @"2026 info pay_outliers (1): pay more than 8 robust standard deviations from the level's median: 1 person");
    let all_alike = "update fct_workforce_snapshot set current_compensation = 50000 where simulation_year = 2026;";
    assert_eq!(found_in_2026("pay_outliers", &format!("{all_alike}{}", typo(10))), "", "no spread to measure against");
}

#[test]
fn jumps_from_year_to_year_are_reported() {
    let update = |what: &str| format!("update fct_workforce_snapshot set {what} where simulation_year = 2026");
    insta::assert_snapshot!(found_in_2026("yearly_jumps", ""), @"
    2026 info yearly_jumps (1): employee contributions rose 31.3% from the prior year
    2026 info yearly_jumps (1): employer contributions rose 41.0% from the prior year
    ");
    insta::assert_snapshot!(found_in_2026("yearly_jumps", &update("total_employer_contributions = total_employer_contributions * 2, current_deferral_rate = current_deferral_rate / 2")), @"
    2026 info yearly_jumps (1): average deferral rate fell 46.9% from the prior year
    2026 info yearly_jumps (1): employee contributions rose 31.3% from the prior year
    2026 info yearly_jumps (1): employer contributions rose 182.0% from the prior year
    ");
    let from_zero = "update fct_workforce_snapshot set total_employer_contributions = 0 where simulation_year = 2025";
    insta::assert_snapshot!(found_in_2026("yearly_jumps", from_zero), @"
    2026 info yearly_jumps (1): employee contributions rose 31.3% from the prior year
    2026 info yearly_jumps (1): employer contributions rose from zero
    ");
}

#[test]
fn a_shifted_distribution_is_reported() {
    let older = "update fct_workforce_snapshot set age_band = '45-54' where simulation_year = 2026 and level_id <= 2";
    insta::assert_snapshot!(found_in_2026("distribution_drift", ""), @"");
    insta::assert_snapshot!(found_in_2026("distribution_drift", older), @"2026 info distribution_drift (16): age distribution shifted from the prior year (PSI 1.92)");
}

#[test]
fn configured_names_match_the_rules() {
    let validator = validator(&damaged(""), &settings());
    let (stopping, rated): (Vec<&str>, Vec<&str>) = validator.names().partition(|name| STOPPING_RULES.contains(name));
    assert_eq!((stopping.as_slice(), rated.as_slice()), (STOPPING_RULES, RATED_RULES));
}

#[test]
fn findings_have_the_configured_severity() {
    let db =
        damaged(&format!("update fct_workforce_snapshot set current_deferral_rate = 0.01 where {}", person("A01")));
    let rated = |rating| RuleSettings { severity: [("snapshot_consistency".to_owned(), rating)].into(), ..settings() };
    for (rating, expected) in [(Rating::Info, "info"), (Rating::Warning, "warning"), (Rating::Error, "error")] {
        let found = findings(&db, &rated(rating));
        assert_eq!(found.iter().map(|f| f.severity.to_string()).collect::<Vec<_>>(), [expected]);
    }
    assert!(findings(&db, &rated(Rating::Off)).is_empty());
    assert!(validator(&db, &rated(Rating::Off)).names().all(|name| name != "snapshot_consistency"));
}

#[test]
fn user_defined_rules_count_the_rows_of_a_query() {
    let own = |sql: &str, max_rows, severity| {
        let (name, message) = ("late_raises".to_owned(), "raises in July".to_owned());
        let rule = SqlRule { name, severity, sql: sql.to_owned(), stage: None, max_rows, message };
        let settings = RuleSettings { user_rules: vec![rule], ..settings() };
        let db = damaged("");
        let found = validator(&db, &settings).check("late_raises", 2026, &db)?;
        Some(found.map_or_else(|e| full_message(&e), |found| as_lines(&found).join("\n")))
    };
    let query = "from fct_yearly_events where simulation_year = {year} and event_type = 'raise' -- all of them";
    insta::assert_snapshot!(own(query, 0, Rating::Warning).expect("enabled"), @"2026 warning late_raises (8): raises in July: 8 rows");
    assert_eq!(own(query, 11, Rating::Warning).as_deref(), Some(""));
    assert_eq!(own(query, 0, Rating::Off), None);
    let endings = ["", ";", "; ;", " -- 1; 2", "; -- it's one", " /* ; */ ; /* a\n */", " and ';' = $$;$$; -- '"];
    for end in endings {
        let found = own(&format!("select 1 where {{year}} = 2025{end}\n"), 0, Rating::Error);
        assert_eq!(found.as_deref(), Some(""), "{end}");
        let found = own(&format!("select 1 where {{year}} = 2026{end}\n"), 0, Rating::Error);
        assert_eq!(found.as_deref(), Some("2026 error late_raises (1): raises in July: 1 row"), "{end}");
    }
    insta::assert_snapshot!(own("select nothing from nowhere", 0, Rating::Info).expect("enabled"), @r#"rule `late_raises` cannot run for 2026: Catalog Error: Table with name nowhere does not exist! Did you mean "int_new_hire_termination_events"?"#);
    // Only a query is run.
    insta::assert_snapshot!(own("delete from fct_yearly_events", 0, Rating::Info).expect("enabled"), @"rule `late_raises` cannot run for 2026: its `sql` is not a query");
    insta::assert_snapshot!(own("select 1); drop table fct_yearly_events; select (1", 0, Rating::Info).expect("enabled"), @r#"rule `late_raises` cannot run for 2026: its `sql` is not a query: syntax error at or near ")""#);
    insta::assert_snapshot!(own("-- nothing", 0, Rating::Info).expect("enabled"), @"rule `late_raises` cannot run for 2026: its `sql` is empty");
    // A column that can't be computed fails, although its values aren't used.
    insta::assert_snapshot!(own("select strptime(employee_id, '%Y') from fct_yearly_events", 99999, Rating::Info).expect("enabled"), @r#"rule `late_raises` cannot run for 2026: Invalid Input Error: Could not parse string "..." ... ^ Error: Expected a number"#);
    insta::assert_snapshot!(own("select 1; select 2", 0, Rating::Info).expect("enabled"), @"rule `late_raises` cannot run for 2026: its `sql` is more than one query");
}

#[test]
fn a_rule_that_cannot_run_is_not_a_pass() {
    let needs = [
        ("census_acceptance", "stg_census_summary"),
        ("data_freshness_check", "stg_census_data"),
        ("row_count_drift", "int_employee_compensation_by_year"),
        ("compensation_reasonableness", "int_employee_compensation_by_year"),
        ("workforce_feasibility", "int_workforce_needs"),
        ("hire_termination_ratio", "int_hiring_events"),
        ("event_sequence", "fct_yearly_events"),
        ("accumulator_integrity", "int_deferral_rate_state_accumulator"),
        ("state_consistency", "int_enrollment_state_accumulator"),
        ("workforce_totals", "fct_workforce_snapshot"),
        ("snapshot_consistency", "fct_workforce_snapshot"),
        ("contribution_limits", "int_irs_limits"),
        ("pay_outliers", "fct_workforce_snapshot"),
        ("yearly_jumps", "fct_workforce_snapshot"),
        ("distribution_drift", "fct_workforce_snapshot"),
    ];
    for (name, table) in needs {
        let db = damaged(&format!("drop table main.{table}"));
        let found = validator(&db, &settings()).check(name, 2026, &db).expect("built-in rule");
        let error = full_message(&found.expect_err(name));
        assert!(error.starts_with(&format!("rule `{name}` cannot run for 2026: ")), "{error}");
        assert!(error.contains("Catalog Error"), "{error}");
    }
    assert_eq!(needs.map(|(name, _)| name).to_vec(), {
        validator(&damaged(""), &settings()).names().map(str::to_owned).collect::<Vec<_>>()
    });
}

#[test]
fn a_year_without_rows_is_not_a_pass() {
    let db = damaged("");
    let census_rules = ["census_acceptance", "data_freshness_check"];
    let validator = validator(&db, &settings());
    for name in validator.names().filter(|name| !census_rules.contains(name)) {
        let found = validator.check(name, 2027, &db).expect("enabled");
        if name == "row_count_drift" {
            // It knows the prior year's closing headcount, so it detects that the opening headcount is missing.
            assert!(!found.expect("rule runs").is_empty());
        } else {
            found.expect_err(name);
        }
    }
}
