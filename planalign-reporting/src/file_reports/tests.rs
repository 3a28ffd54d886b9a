//! Every metric against independent SQL, the file layouts, and write failures.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use planalign_config::{Database, DatabaseOptions, Fault, full_message};
use planalign_registries::{FingerprintKind, Fingerprints, InMemoryRunStore, Journal, RunEvent, RunRecord, Runs};
use serde_json::json;

use super::FileReports;
use crate::read::read_year;
use crate::reports::{MultiYearReporter, ReportError, ReportSource, YearAuditor};
use crate::summary::Overall;
use crate::year_audit::Resume;
use crate::{METRICS, MultiYearSummary, Template, YearAudit, render_summary, summary_to_json};

const FIXTURE: &str = include_str!("../../../planalign-validation/fixtures/two_years.sql");

fn database() -> Database {
    let db = Database::in_memory(&DatabaseOptions::default()).expect("in-memory database");
    db.execute_batch(FIXTURE).expect("load fixture");
    db
}

fn store(run_id: &str) -> InMemoryRunStore {
    let mut store = InMemoryRunStore::default();
    let run = json!({
        "run_id": run_id, "scenario_id": "baseline", "plan_design_id": "standard", "start_year": 2025, "end_year": 2026,
        "seed": 1, "started_at": "2026-01-01T00:00:00Z", "status": "running", "program_version": "0.1.0",
        "engine_version": "v1.5.6",
    });
    let run: RunRecord = serde_json::from_value(run).expect("run record");
    let mut fingerprints = Fingerprints::default();
    fingerprints.insert(FingerprintKind::Census, [("sha256".to_owned(), "0a1b".to_owned())]);
    store.begin_run(&run, &fingerprints).expect("begin run");
    let started = json!({ "event": "stage_started", "stage": "VALIDATION", "attempt": 1 });
    let checked =
        json!({ "event": "rule_checked", "stage": "EVENT_GENERATION", "rule": "workforce_feasibility", "findings": 1 });
    let found = |stage: &str, rule: &str, severity: &str| {
        let message = format!("what {rule} found");
        json!({ "event": "finding_reported", "stage": stage, "rule": rule, "severity": severity, "message": message, "count": 2 })
    };
    let kinds = [
        checked.clone(),
        found("EVENT_GENERATION", "workforce_feasibility", "warning"),
        started.clone(),
        found("VALIDATION", "contribution_limits", "error"),
        // The first attempt was rolled back; the second finds something else.
        json!({ "event": "stage_rolled_back", "stage": "VALIDATION" }),
        json!({ "event": "run_resumed", "after": null, "start_year": 2025, "end_year": 2026, "stages": 2, "by": "ann, process 7 on a1" }),
        started,
        found("VALIDATION", "workforce_totals", "error"),
        // Checked a second time, as when a run is resumed.
        checked,
        found("EVENT_GENERATION", "workforce_feasibility", "warning"),
        // Resumed after the end of the year.
        json!({ "event": "run_resumed", "after": null, "start_year": 2025, "end_year": 2027, "stages": 1 }),
    ];
    let event = |(mut event, sequence): (serde_json::Value, u64)| -> RunEvent {
        event["sequence"] = sequence.into();
        event["run_id"] = run_id.into();
        event["timestamp"] = format!("2026-01-01T00:00:{sequence:02}Z").into();
        event["since_start_ms"] = 0.into();
        event["year"] = 2026.into();
        serde_json::from_value(event).expect("event")
    };
    let events: Vec<RunEvent> = kinds.into_iter().zip(1..).map(event).collect();
    store.record_outside(&events).expect("events");
    store
}

/// The inputs of a run's reports.
fn source<'a>(run_id: &'a str, tables: &'a Database, store: &'a InMemoryRunStore) -> ReportSource<'a> {
    ReportSource { run_id, tables, runs: store, journal: store }
}

fn audit(year: i32) -> YearAudit {
    read_year(year, &source("run-1", &database(), &store("run-1"))).expect("audit")
}

fn summary() -> MultiYearSummary {
    FileReports::new("").summary(2025, 2026, &source("run-1", &database(), &store("run-1"))).expect("summary")
}

/// Compares a metric with the result of another query, both as text.
#[track_caller]
fn check(db: &Database, metric: &impl ToString, year: i32, sql: &str) {
    let sql = sql.replace(":year", &format!("simulation_year = {year}"));
    let expected = db.query_value(&sql, &[]).expect("query");
    assert_eq!(Some(metric.to_string()), expected.text(), "{sql}");
}

#[test]
fn headcounts_match_other_tables() {
    let db = database();
    for year in [2025, 2026] {
        let audit = audit(year);
        let of_events = "fct_yearly_events where :year";
        let of_state = "int_workforce_state where :year";
        check(
            &db,
            &audit.headcount.opening,
            year,
            "select count(*) from int_employee_compensation_by_year where :year",
        );
        check(&db, &audit.headcount.hires, year, &format!("select count(*) from {of_events} and event_type = 'hire'"));
        check(
            &db,
            &audit.headcount.terminations,
            year,
            &format!("select count(*) from {of_events} and event_category = 'termination'"),
        );
        check(
            &db,
            &audit.headcount.new_hire_terminations,
            year,
            &format!("select count(*) from {of_events} and event_category = 'new_hire_termination'"),
        );
        check(
            &db,
            &audit.headcount.closing,
            year,
            &format!("select count(*) from {of_state} and termination_date is null"),
        );
        check(&db, &audit.headcount.target, year, "select target_headcount from int_workforce_needs where :year");
        for (status, people) in &audit.headcount.by_status {
            check(&db, people, year, &format!("select count(*) from {of_state} and detailed_status_code = '{status}'"));
        }
        let bridge = audit.headcount.opening + audit.headcount.hires
            - audit.headcount.terminations
            - audit.headcount.new_hire_terminations;
        assert_eq!(audit.headcount.closing, bridge);
    }
}

#[test]
fn ratios_match_decimal_arithmetic() {
    let db = database();
    let growth = audit(2026).headcount.growth.expect("opening headcount above zero");
    check(&db, &growth, 2026, "select (16 * 1000000 - 14 * 1000000 + 7) // 14 * 0.000001::decimal(9, 6)");
    let ratio = audit(2026).headcount.hire_termination_ratio.expect("at least one termination");
    assert_eq!(ratio.to_string(), "1.400000");
}

#[test]
fn events_are_counted_by_type_and_category() {
    let db = database();
    for year in [2025, 2026] {
        let audit = audit(year);
        for (name, events) in &audit.events {
            check(
                &db,
                events,
                year,
                &format!("select count(*) from fct_yearly_events where :year and event_type = '{name}'"),
            );
        }
        for (name, events) in &audit.event_categories {
            check(
                &db,
                events,
                year,
                &format!("select count(*) from fct_yearly_events where :year and event_category = '{name}'"),
            );
        }
        let all: u64 = audit.events.values().sum();
        check(&db, &all, year, "select count(*) from fct_yearly_events where :year");
        assert_eq!(all, audit.event_categories.values().sum::<u64>());
    }
    assert_eq!(audit(2026).events["enrollment_change"], 0);
}

#[test]
fn amounts_match_the_tables_they_come_from() {
    let db = database();
    let active = "select employee_id from int_workforce_state where :year and employment_status = 'active'";
    for year in [2025, 2026] {
        let audit = audit(year);
        let state = "from int_workforce_state where :year and employment_status = 'active'";
        check(&db, &audit.pay.payroll, year, &format!("select sum(current_compensation) {state}"));
        let cents = "sum((current_compensation * 100)::bigint)";
        let average = format!("select ((2 * {cents} + count(*)) // (2 * count(*)) * 0.01)::decimal(12, 2) {state}");
        check(&db, &audit.pay.average.expect("at least one employee"), year, &average);
        let contributions = "from int_employee_contributions where :year";
        check(&db, &audit.pay.earned, year, &format!("select sum(prorated_annual_compensation) {contributions}"));
        check(
            &db,
            &audit.contributions.total,
            year,
            &format!("select sum(annual_contribution_amount) {contributions}"),
        );
        check(&db, &audit.contributions.catch_up, year, &format!("select sum(catch_up_deferrals) {contributions}"));
        check(
            &db,
            &audit.contributions.people,
            year,
            &format!("select count(*) {contributions} and annual_contribution_amount > 0"),
        );
        check(&db, &audit.employer.matched, year, "select sum(amount) from fct_employer_match_events where :year");
        check(&db, &audit.employer.match_people, year, "select count(*) from fct_employer_match_events where :year");
        check(
            &db,
            &audit.employer.core,
            year,
            "select sum(employer_core_amount) from int_employer_core_contributions where :year",
        );
        check(
            &db,
            &audit.employer.core_people,
            year,
            "select count(*) from int_employer_core_contributions where :year",
        );
        let rates = format!(
            "from int_deferral_rate_state_accumulator where :year and current_deferral_rate > 0 and employee_id in ({active})"
        );
        check(&db, &audit.participation.participating, year, &format!("select count(*) {rates}"));
        let average = format!(
            "select ((2 * sum((current_deferral_rate * 1000000)::bigint) + count(*)) // (2 * count(*)) * 0.000001)::decimal(9, 6) {rates}"
        );
        check(&db, &audit.participation.average_deferral_rate.expect("at least one participant"), year, &average);
        let enrolled = format!(
            "select count(*) from int_enrollment_state_accumulator where :year and is_enrolled and employee_id in ({active})"
        );
        check(&db, &audit.participation.enrolled, year, &enrolled);
        let entered = format!("select count(*) {state} and plan_entry_date <= '{year}-12-31'");
        check(&db, &audit.participation.eligible, year, &entered);
    }
}

#[test]
fn limits_count_the_people_they_affect() {
    let db = database();
    for (year, pay_limit) in [(2025, 350_000), (2026, 360_000)] {
        let limits = audit(year).limits;
        let contributions = "select count(*) from int_employee_contributions where :year";
        check(
            &db,
            &limits.reached_402g,
            year,
            &format!("{contributions} and annual_contribution_amount = irs_402g_limit + catch_up_limit"),
        );
        check(
            &db,
            &limits.made_catch_up,
            year,
            &format!("{contributions} and annual_contribution_amount > irs_402g_limit"),
        );
        check(
            &db,
            &limits.above_401a17,
            year,
            &format!("{contributions} and prorated_annual_compensation > {pay_limit}"),
        );
        check(
            &db,
            &limits.match_capped,
            year,
            "select count(*) from fct_employer_match_events where :year and uncapped_match > amount",
        );
    }
}

#[test]
fn findings_of_rolled_back_stages_are_left_out() {
    let audit = audit(2026);
    let reported: Vec<_> = audit.findings.iter().map(|f| format!("{} {} {}", f.stage, f.rule, f.severity)).collect();
    assert_eq!(reported, ["VALIDATION workforce_totals error", "EVENT_GENERATION workforce_feasibility warning"]);
    assert_eq!((audit.finding_counts.error, audit.finding_counts.warning), (1, 1));
    assert!(self::audit(2025).findings.is_empty());
}

#[test]
fn file_layouts() {
    let folder = tempfile::tempdir().expect("temp dir");
    let directory = folder.path().join("reports");
    let (tables, store) = (database(), store("run-1"));
    let source = source("run-1", &tables, &store);
    let mut reports = FileReports::new(&directory);
    assert!(!reports.has_year(2026));
    let year = reports.write_year(2026, &source).expect("write").expect("path");
    assert!(reports.has_year(2026));
    assert_eq!(year, directory.join("year_2026.json"));
    let text = fs::read_to_string(&year).expect("read audit");
    insta::assert_snapshot!("year_audit", text);
    assert_eq!(serde_json::from_str::<YearAudit>(&text).expect("JSON"), audit(2026));
    let written = reports.write_summary(2025, 2026, &source).expect("write");
    let [csv, json] = ["csv", "json"].map(|format| directory.join(format!("multi_year_summary_2025_2026.{format}")));
    assert_eq!(written, [csv.clone(), json.clone()]);
    insta::assert_snapshot!("multi_year_summary", fs::read_to_string(&csv).expect("read summary"));
    let read: MultiYearSummary = serde_json::from_slice(&fs::read(&json).expect("read summary")).expect("JSON");
    assert_eq!(read, summary(), "the JSON matches the summary");
    assert_eq!(
        files(&directory),
        ["multi_year_summary_2025_2026.csv", "multi_year_summary_2025_2026.json", "year_2026.json"]
    );
}

#[test]
fn rewritten_reports_are_the_same_and_runs_differ_only_in_their_id() {
    let folder = tempfile::tempdir().expect("temp dir");
    let write = |run_id: &str| {
        let (tables, store) = (database(), store(run_id));
        let source = source(run_id, &tables, &store);
        let mut reports = FileReports::new(folder.path());
        let audit = reports.write_year(2025, &source).expect("write").expect("path");
        let summary = reports.write_summary(2025, 2026, &source).expect("write");
        [audit, summary[0].clone()].map(|path| fs::read_to_string(path).expect("read"))
    };
    let [audit, summary] = write("run-1");
    assert_eq!(write("run-1"), [audit.clone(), summary.clone()]);
    let [other_audit, other_summary] = write("run-2");
    assert_eq!(other_audit, audit.replace("run-1", "run-2"));
    assert_eq!(other_summary, summary);
}

#[test]
fn the_summary_on_a_console() {
    insta::assert_snapshot!("console_100", render_summary(&summary(), &Template::default(), 100));
    insta::assert_snapshot!("console_40", render_summary(&summary(), &Template::default(), 40));
}

#[test]
fn a_custom_template() {
    let template = Template::parse(
        "title: Cost of the plan\nsections:\n  - title: People\n    metrics: [closing_headcount, {metric: compound_growth, title: \"  a year\"}]\n  - metrics: [employer_total, hire_termination_ratio]",
    );
    let template = template.expect("valid");
    insta::assert_snapshot!("template_console", render_summary(&summary(), &template, 100));
    insta::assert_snapshot!("template_json", format!("{:#}", summary_to_json(&summary(), &template)));
}

#[test]
fn every_metric_is_at_its_field() {
    let summary = summary();
    for year in &summary.years {
        let audit = serde_json::to_value(year).expect("JSON");
        for metric in METRICS.iter().filter(|metric| metric.field != "overall.compound_growth") {
            let field = audit.pointer(&format!("/{}", metric.field.replace('.', "/")));
            assert_eq!(Some(&(metric.read)(&summary, year).to_json()), field, "{metric:?}");
        }
    }
}

#[test]
fn totals_over_the_years() {
    let summary = summary();
    let (overall, [first, last]) = (&summary.overall, &summary.years[..]) else { panic!("two years") };
    assert_eq!((overall.opening_headcount, overall.closing_headcount), (12, 16));
    // 16 / 12 is 1.333333, whose root is 1.154701.
    assert_eq!(overall.growth.map(|rate| rate.to_string()).as_deref(), Some("0.333333"));
    assert_eq!(overall.compound_growth.map(|rate| rate.to_string()).as_deref(), Some("0.154701"));
    assert_eq!(summary.compound_growth(2025), first.headcount.growth);
    assert_eq!(summary.compound_growth(2027), None);
    let mut total = first.employer.total;
    total += last.employer.total;
    assert_eq!(overall.employer_total, total);
    assert_eq!((overall.hires, overall.terminations), (14, 10));
    assert_eq!(MultiYearSummary::new(Vec::new()).overall, Overall::default());
}

#[test]
fn a_year_reports_the_resumes_before_its_end() {
    let reported = |resume: &Resume| format!("{} by {}", resume.at, resume.by);
    let resumed = |year: i32| audit(year).provenance.resumes.iter().map(reported).collect::<Vec<_>>();
    assert_eq!(resumed(2026), ["2026-01-01T00:00:06Z by ann, process 7 on a1"]);
    assert!(resumed(2025).is_empty());
}

#[test]
fn a_missed_target_is_shown() {
    let mut summary = summary();
    let shown = |summary: &MultiYearSummary| {
        let text = render_summary(summary, &Template::default(), 100);
        text.lines().find(|line| line.starts_with("Closing headcount")).expect("closing headcount").to_owned()
    };
    assert!(!shown(&summary).contains(" of "), "{}", shown(&summary));
    for (closing, expected) in [(7, " 7 of 8"), (9, " 9 of 8")] {
        let headcount = &mut summary.years[0].headcount;
        (headcount.closing, headcount.target) = (closing, 8);
        assert!(shown(&summary).contains(expected), "{}", shown(&summary));
    }
}

#[test]
fn a_console_table_fits_its_width() {
    let years = (0..6).flat_map(|_| summary().years).collect();
    let text = render_summary(&MultiYearSummary::new(years), &Template::default(), 100);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert_eq!(text.matches("Payroll").count(), 3);
}

#[test]
fn missing_data_is_an_error() {
    let db = database();
    let store = store("run-1");
    let error = read_year(2025, &source("run-9", &db, &store)).expect_err("no such run");
    assert_eq!(full_message(&error), "cannot create the audit of 2025: the database has no run `run-9`");
    let error = read_year(2027, &source("run-1", &db, &store)).expect_err("no such year");
    assert_eq!(full_message(&error), "cannot create the audit of 2027: `int_workforce_needs` has no row for 2027");
    db.execute_batch("delete from fct_workforce_snapshot").expect("delete");
    let error = read_year(2025, &source("run-1", &db, &store)).expect_err("no rows");
    assert_eq!(full_message(&error), "cannot create the audit of 2025: `fct_workforce_snapshot` has no rows for 2025");
    db.execute_batch("drop table fct_yearly_events").expect("drop");
    db.execute_batch(FIXTURE).expect_err("the other tables still exist");
    assert_eq!(read_year(2025, &source("run-1", &db, &store)).expect_err("no table").fault(), Fault::Deterministic);
}

#[test]
fn inexact_metrics_are_an_error() {
    let cases = [
        ("update int_workforce_needs set opening_headcount = null", "column `opening_headcount` is not a count"),
        ("update int_workforce_needs set target_headcount = -1", "column `target_headcount` is not a count"),
        (
            "alter table fct_workforce_snapshot alter current_compensation type double",
            "column `pay` is not an exact number",
        ),
        (
            "alter table fct_workforce_snapshot alter current_compensation type decimal(18, 3);
             update fct_workforce_snapshot set current_compensation = current_compensation + 0.001",
            "column `pay` is not an exact number",
        ),
    ];
    for (damage, cause) in cases {
        let db = database();
        db.execute_batch(damage).expect("damage");
        let error = read_year(2025, &source("run-1", &db, &store("run-1"))).expect_err(cause);
        assert_eq!(full_message(&error), format!("cannot create the audit of 2025: {cause}"));
    }
    let db = database();
    db.execute_batch("alter table fct_workforce_snapshot alter current_compensation type bigint")
        .expect("change to whole dollars");
    read_year(2025, &source("run-1", &db, &store("run-1"))).expect("whole numbers are exact");
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("temp dir");
    let write = |directory: &Path| {
        let (tables, store) = (database(), store("run-1"));
        FileReports::new(directory).write_year(2025, &source("run-1", &tables, &store)).expect_err("not writable")
    };
    // The directory is a file.
    let file = folder.path().join("file");
    fs::write(&file, "x").expect("write");
    let error = write(&file);
    assert!(matches!(&error, ReportError::Write { path, .. } if *path == file.join("year_2025.json")), "{error}");
    assert_eq!(error.fault(), Fault::Deterministic);
    assert_eq!(fs::read_to_string(&file).expect("read"), "x");
    // A directory has the name of the report.
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("year_2025.json").join("inside")).expect("create dir");
    write(&taken);
    assert_eq!(files(&taken), ["year_2025.json"]);
    // The directory is read-only, though not to the superuser.
    let read_only = folder.path().join("read_only");
    fs::create_dir(&read_only).expect("create dir");
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o500)).expect("permissions");
    if fs::write(read_only.join("probe"), "x").is_err() {
        assert_eq!(write(&read_only).fault(), Fault::Permission);
        assert!(files(&read_only).is_empty());
    }
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("read dir");
    let mut names: Vec<_> = entries.map(|e| e.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
