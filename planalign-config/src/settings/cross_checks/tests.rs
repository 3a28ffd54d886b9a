//! Rules between settings: each case breaks only one rule.

use std::path::Path;

use crate::settings::cross_checks::years::PUBLISHED_LIMITS;
use crate::settings::problem::ConfigError;
use crate::settings::{Override, Sources, load};

const DEFAULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/simulation_config.yaml");

fn problems(settings: &[(&str, &str)]) -> Vec<String> {
    let overrides = settings.iter().map(|(key, value)| Override::new(key, value, "--set")).collect();
    match load(&Sources { file: DEFAULTS.into(), overrides, ..Sources::default() }) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Invalid { problems }) => problems.iter().map(ToString::to_string).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn allowed(settings: &[(&str, &str)]) {
    assert_eq!(problems(settings), [""; 0], "{settings:?}");
}

/// The only problem with the settings, without its origin.
#[track_caller]
fn refused(settings: &[(&str, &str)]) -> String {
    let problems = problems(settings);
    assert_eq!(problems.len(), 1, "{settings:?}: {problems:?}");
    problems[0].split_once(": ").expect("origin").1.to_owned()
}

#[test]
fn years_run_forward_and_have_limits() {
    allowed(&[("simulation.start_year", "2024"), ("simulation.end_year", "2024")]);
    allowed(&[("simulation.end_year", "2074")]);
    insta::assert_snapshot!(refused(&[("simulation.start_year", "2023")]), @"simulation.start_year: 2023 is invalid; expected 2024 or later; IRS limits are published for 2024 to 2026 and projected after that");
    insta::assert_snapshot!(refused(&[("simulation.end_year", "2024")]), @"simulation.end_year: 2024 is invalid; expected 2025 or later, because simulation.start_year is 2025");
    insta::assert_snapshot!(refused(&[("simulation.end_year", "2075")]), @"simulation.end_year: 2075 is invalid; expected at most 2074; a simulation spans at most 50 years and starts in 2025");
}

#[test]
fn years_without_published_limits_need_an_index() {
    allowed(&[("simulation.end_year", "2026"), ("irs_limits.index_rate", "null")]);
    allowed(&[("simulation.end_year", "2027"), ("irs_limits.index_rate", "0")]);
    insta::assert_snapshot!(refused(&[("simulation.end_year", "2027"), ("irs_limits.index_rate", "null")]), @"irs_limits.index_rate: null is invalid; expected a rate, because simulation.end_year is 2027 and IRS limits are published only through 2026");
}

#[test]
fn the_published_years_match_the_seed() {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dbt/seeds/config_irs_limits.csv");
    let text = std::fs::read_to_string(seed).expect("read seed");
    let years: Vec<i32> =
        text.lines().skip(1).map(|line| line.split(',').next().expect("year").parse().expect("number")).collect();
    assert_eq!(years, PUBLISHED_LIMITS.collect::<Vec<_>>());
}

#[test]
fn service_is_counted_in_days_or_months() {
    allowed(&[("plan_eligibility.waiting_period_days", "365"), ("plan_eligibility.entry_dates", "semi_annual")]);
    allowed(&[("plan_eligibility.waiting_period_months", "12"), ("plan_eligibility.entry_dates", "semi_annual")]);
    let both = [("plan_eligibility.waiting_period_days", "30"), ("plan_eligibility.waiting_period_months", "1")];
    insta::assert_snapshot!(refused(&both), @"plan_eligibility.waiting_period_months: 1 is invalid; expected 0, because plan_eligibility.waiting_period_days is 30; service is counted in either days or months");
}

#[test]
fn no_rate_exceeds_the_plan_cap() {
    allowed(&[("deferrals.maximum_rate", "0.10")]);
    insta::assert_snapshot!(refused(&[("enrollment.auto_enrollment.default_deferral_rate", "0.8")]), @"enrollment.auto_enrollment.default_deferral_rate: 0.8 is invalid; expected at most 0.75, the plan's cap (deferrals.maximum_rate)");
    insta::assert_snapshot!(refused(&[("enrollment.voluntary_enrollment.max_deferral_rate", "0.76")]), @"enrollment.voluntary_enrollment.max_deferral_rate: 0.76 is invalid; expected at most 0.75, the plan's cap (deferrals.maximum_rate)");
    insta::assert_snapshot!(refused(&[("deferral_auto_escalation.maximum_rate", "1")]), @"deferral_auto_escalation.maximum_rate: 1.0 is invalid; expected at most 0.75, the plan's cap (deferrals.maximum_rate)");
    assert_eq!(problems(&[("deferrals.maximum_rate", "0.05")]).len(), 3);
}

#[test]
fn promotions_do_not_lower_pay() {
    let range = ("compensation.promotion_compensation.distribution_range", "0.3");
    insta::assert_snapshot!(refused(&[range]), @"compensation.promotion_compensation.distribution_range: 0.3 is invalid; expected at most 0.2, because compensation.promotion_compensation.base_increase_pct is 0.2 and promotions can't lower pay");
    allowed(&[range, ("compensation.promotion_compensation.distribution_type", "normal")]);
}

#[test]
fn match_tiers_ascend() {
    insta::assert_snapshot!(refused(&[("employer_match.tiers", "[]")]), @"employer_match.tiers: [] is invalid; expected at least one tier, because employer_match.active_formula is tiered");
    allowed(&[("employer_match.tiers", "[]"), ("employer_match.active_formula", "none")]);
    let falling = "[{ up_to: 0.05, rate: 1 }, { up_to: 0.03, rate: 0.5 }]";
    insta::assert_snapshot!(refused(&[("employer_match.tiers", falling)]), @r#"employer_match.tiers: [{"up_to":0.05,"rate":1.0},{"up_to":0.03,"rate":0.5}] is invalid; expected tiers in ascending order of up_to"#);
    refused(&[("employer_match.tiers", "[{ up_to: 0.05, rate: 1 }, { up_to: 0.05, rate: 0.5 }]")]);
}

#[test]
fn an_exception_requires_its_rule() {
    let key = "employer_core_contribution.eligibility.allow_terminated_new_hires";
    insta::assert_snapshot!(refused(&[(key, "true")]), @"employer_core_contribution.eligibility.allow_terminated_new_hires: true is invalid; expected false, because employer_core_contribution.eligibility.allow_new_hires is false");
    allowed(&[(key, "true"), ("employer_core_contribution.eligibility.allow_new_hires", "true")]);
    allowed(&[("employer_match.eligibility.allow_terminated_new_hires", "true")]);
}

#[test]
fn list_entries_are_distinct() {
    insta::assert_snapshot!(refused(&[("new_hire.age_distribution", "[]")]), @"new_hire.age_distribution: [] is invalid; expected at least one age");
    insta::assert_snapshot!(refused(&[("new_hire.age_distribution", "[{ age: 30, weight: 1 }, { age: 30, weight: 2 }]")]), @r#"new_hire.age_distribution: [{"age":30,"weight":1.0},{"age":30,"weight":2.0}] is invalid; expected each age once"#);
    let range = |level: u8, min: u32, max: u32| {
        format!("{{ level: {level}, min_compensation: {min}, max_compensation: {max} }}")
    };
    let key = "new_hire.job_level_compensation";
    allowed(&[(key, &format!("[{}, {}]", range(1, 50_000, 60_000), range(5, 1, 2)))]);
    insta::assert_snapshot!(refused(&[(key, &format!("[{}, {}]", range(1, 50_000, 60_000), range(1, 1, 2)))]), @r#"new_hire.job_level_compensation: [{"level":1,"min_compensation":50000,"max_compensation":6... is invalid; expected each level once"#);
    insta::assert_snapshot!(refused(&[(key, &format!("[{}]", range(1, 60_000, 60_000)))]), @r#"new_hire.job_level_compensation: [{"level":1,"min_compensation":60000,"max_compensation":6... is invalid; expected ranges whose min_compensation is below max_compensation"#);
    insta::assert_snapshot!(refused(&[("census.columns", "{ employee_id: X, employee_ssn: X }")]), @r#"census.columns: {"employee_id":"X","employee_ssn":"X"} is invalid; expected a different header for each column"#);
}

#[test]
fn custom_rules_have_unique_names() {
    let rule = |name: &str| format!("{{ name: {name}, severity: info, sql: select 1, max_rows: 0, message: one }}");
    let key = "validation.rules";
    allowed(&[(key, &format!("[{}, {}]", rule("one"), rule("two")))]);
    assert!(refused(&[(key, &format!("[{}, {}]", rule("one"), rule("one")))]).ends_with("expected each name once"));
    let taken = refused(&[(key, &format!("[{}]", rule("event_sequence")))]);
    let expected = "expected a name other than event_sequence, a built-in rule; use validation.severity for those";
    assert!(taken.ends_with(expected), "{taken}");
}

#[test]
fn a_stage_is_changed_only_once() {
    let key = "workflow.stages";
    allowed(&[(key, "[{ name: FOUNDATION }, { name: REPORTING }]")]);
    let twice = refused(&[(key, "[{ name: FOUNDATION, checkpoint: true }, { name: FOUNDATION }]")]);
    assert!(twice.ends_with("expected each stage once"), "{twice}");
}

#[test]
fn thresholds_leave_room() {
    insta::assert_snapshot!(refused(&[("validation.compensation_reasonableness.maximum_compensation", "10000")]), @"validation.compensation_reasonableness.maximum_compensation: 10000 is invalid; expected more than 10000 (validation.compensation_reasonableness.minimum_compensation)");
    insta::assert_snapshot!(refused(&[("validation.hire_termination_ratio.minimum_ratio", "3")]), @"validation.hire_termination_ratio.maximum_ratio: 3.0 is invalid; expected more than 3 (validation.hire_termination_ratio.minimum_ratio)");
}

#[test]
fn a_rule_is_skipped_for_settings_that_are_invalid_on_their_own() {
    assert!(refused(&[("simulation.start_year", "3000")]).starts_with("simulation.start_year: 3000"));
    assert!(refused(&[("deferrals.maximum_rate", "-1")]).starts_with("deferrals.maximum_rate: -1"));
}

#[test]
fn a_problem_points_to_what_the_user_set() {
    let folder = tempfile::tempdir().expect("temp dir");
    let file = folder.path().join("brief.yaml");
    std::fs::write(&file, "scenario_id: brief\nplan_design_id: brief\n").expect("write");
    let sources = Sources {
        file,
        overrides: vec![Override::new("deferrals.maximum_rate", "0.05", "--set")],
        ..Sources::default()
    };
    let Err(ConfigError::Invalid { problems }) = load(&sources) else { panic!("the escalation cap is 10%") };
    let reported: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert!(!reported.is_empty() && reported.iter().all(|problem| problem.starts_with("--set: ")), "{reported:#?}");
}
