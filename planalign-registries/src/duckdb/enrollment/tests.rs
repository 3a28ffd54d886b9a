//! The enrollment registry with handwritten events.

use planalign_config::Database;

use super::EnrollmentRegistry;
use crate::duckdb::testing::{census, event, models, plain};
use crate::registry::Registry;

fn enrolls(db: &Database, employee: &str, day: &str, method: &str) {
    event(db, employee, day, "enrollment", method, ("0", "0.03"));
}

fn opts_out(db: &Database, employee: &str, day: &str) {
    event(db, employee, day, "enrollment_change", "enrollment_opt_out", ("0.03", "0"));
}

/// Anna is enrolled in the census, Ben enrolls, opts out, and reenrolls, Cleo terminates, Dan is hired.
fn example() -> (Database, EnrollmentRegistry) {
    let db = models();
    census(&db, "anna", "0.06", false);
    census(&db, "ben", "0", false);
    census(&db, "cleo", "0.02", false);
    enrolls(&db, "ben", "2025-02-01", "auto_enrollment");
    opts_out(&db, "ben", "2025-03-10");
    plain(&db, "cleo", "2025-06-30", "termination");
    plain(&db, "dan", "2025-05-01", "hire");
    enrolls(&db, "dan", "2025-08-01", "voluntary_enrollment");
    enrolls(&db, "ben", "2026-04-01", "voluntary_enrollment");
    plain(&db, "emil", "2026-02-01", "hire");
    plain(&db, "emil", "2026-09-01", "termination");
    let registry = EnrollmentRegistry::new(db.clone()).expect("open");
    (db, registry)
}

/// Fills the accumulator from the registry as the model would, including its dates for census enrollments.
fn accumulate(db: &Database, year: i32) {
    let sql = format!(
        "delete from int_enrollment_state_accumulator where simulation_year = {year};
        insert into int_enrollment_state_accumulator
        select 's', 'd', simulation_year, employee_id, is_enrolled,
            coalesce(enrollment_date, case when source = 'census' then date '2024-12-31' end), source, opt_out_date
        from planalign.enrollment_registry where simulation_year = {year}"
    );
    db.execute_batch(&sql).expect("accumulate");
}

fn rows(db: &Database, year: i32) -> String {
    let sql = "select employee_id, was_enrolled, is_enrolled, first_enrollment_date, enrollment_date, source, opt_out_date, left_on
        from planalign.enrollment_registry where simulation_year = ? order by employee_id";
    let table = db.query(sql, &[year.into()]).expect("query");
    let line = |r: &planalign_config::Row| r.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn states_follow_the_events_across_years() {
    let (db, mut registry) = example();
    assert_eq!(registry.update(2025, 2025).expect("2025"), 4);
    assert_eq!(registry.update(2026, 2025).expect("2026"), 4);
    insta::assert_snapshot!(rows(&db, 2025), @"
    anna true true null null census null null
    ben false false 2025-02-01 2025-02-01 auto_enrollment 2025-03-10 null
    cleo true true null null census null 2025-06-30
    dan false true 2025-08-01 2025-08-01 voluntary_enrollment null null
    ");
    insta::assert_snapshot!(rows(&db, 2026), @"
    anna true true null null census null null
    ben false true 2025-02-01 2026-04-01 voluntary_enrollment 2025-03-10 null
    dan true true 2025-08-01 2025-08-01 voluntary_enrollment null null
    emil false false null null null null 2026-09-01
    ");
}

#[test]
fn a_year_is_replaced_and_depends_only_on_the_prior_year() {
    let (db, mut registry) = example();
    registry.update(2025, 2025).expect("2025");
    registry.update(2026, 2025).expect("2026");
    let before = registry.snapshot(2026).expect("snapshot");
    assert_eq!(before.state.rows, 4);
    db.execute_batch("delete from int_baseline_workforce; delete from fct_yearly_events where simulation_year <> 2026")
        .expect("delete");
    assert_eq!(registry.update(2026, 2025).expect("update again"), 4);
    assert_eq!(registry.snapshot(2026).expect("snapshot"), before);
    assert_ne!(registry.snapshot(2025).expect("snapshot").state.hash, before.state.hash);
}

#[test]
fn restore_forgets_later_years() {
    let (_, mut registry) = example();
    registry.update(2025, 2025).expect("2025");
    registry.update(2026, 2025).expect("2026");
    let kept = registry.snapshot(2025).expect("snapshot");
    registry.restore(Some(2025)).expect("restore");
    assert_eq!(registry.snapshot(2025).expect("snapshot"), kept);
    assert_eq!(registry.snapshot(2026).expect("snapshot").state.rows, 0);
    registry.restore(None).expect("restore");
    assert_eq!(registry.snapshot(2025).expect("snapshot").state.rows, 0);
}

#[test]
fn people_and_years_can_be_queried() {
    let (_, mut registry) = example();
    registry.update(2025, 2025).expect("2025");
    assert_eq!(registry.enrolled_in(2025).expect("count"), 2);
    assert_eq!(registry.people_enrolled_in(2025).expect("list"), ["anna", "dan"]);
    assert_eq!(registry.is_enrolled("ben", 2025).expect("ben"), Some(false));
    assert_eq!(registry.is_enrolled("dan", 2025).expect("dan"), Some(true));
    assert_eq!(registry.is_enrolled("nobody", 2025).expect("nobody"), None);
    let cleo = registry.state_of("cleo", 2025).expect("cleo").expect("row");
    assert_eq!((cleo.source.as_deref(), cleo.left_on.as_deref()), (Some("census"), Some("2025-06-30")));
    assert_eq!(registry.name(), "enrollment");
}

/// Makes one change once everything agrees, and returns what the check finds.
fn found_after(change: &str) -> Vec<(String, u64)> {
    let (db, mut registry) = example();
    registry.update(2025, 2025).expect("2025");
    accumulate(&db, 2025);
    assert!(registry.check(2025).expect("check").is_empty());
    db.execute_batch(change).expect("change");
    registry.check(2025).expect("check").into_iter().map(|d| (d.what, d.count)).collect()
}

#[test]
fn every_kind_of_disagreement_is_counted_separately() {
    let accumulator = "int_enrollment_state_accumulator";
    let cases = [
        (format!("delete from {accumulator} where employee_id in ('anna', 'ben')"), 0, 2),
        (format!("insert into {accumulator} values ('s', 'd', 2025, 'zoe', true, null, null, null)"), 1, 1),
        (format!("insert into {accumulator} from {accumulator} where employee_id = 'anna'"), 2, 1),
        (
            "insert into planalign.enrollment_registry from planalign.enrollment_registry where employee_id = 'ben'"
                .into(),
            2,
            1,
        ),
        (format!("update {accumulator} set is_enrolled = false where employee_id = 'anna'"), 3, 1),
        (format!("update {accumulator} set is_enrolled = true where employee_id = 'ben'"), 4, 1),
        (format!("update {accumulator} set enrollment_date = date '2025-08-02' where employee_id = 'dan'"), 5, 1),
        (format!("update {accumulator} set enrollment_method = 'auto_enrollment' where employee_id = 'dan'"), 6, 1),
        (format!("update {accumulator} set opt_out_date = null where employee_id = 'ben'"), 7, 1),
    ];
    for (change, which, count) in cases {
        assert_eq!(found_after(&change), [(super::DIFFERENCES[0].kinds[which].0.to_owned(), count)], "{change}");
    }
}

#[test]
fn other_years_are_left_alone() {
    let (db, mut registry) = example();
    registry.update(2025, 2025).expect("2025");
    let before = registry.snapshot(2025).expect("snapshot");
    db.execute_batch(
        "insert into fct_yearly_events values
            ('s', 'd', 2024, 'anna', 'termination', 'x', '2024-02-02', null, null, 1)",
    )
    .expect("insert");
    registry.update(2025, 2025).expect("update again");
    assert_eq!(registry.snapshot(2025).expect("snapshot"), before);
}

#[test]
fn a_missing_table_is_an_error_that_names_the_action() {
    let (db, mut registry) = example();
    db.execute_batch("drop table fct_yearly_events; drop table int_enrollment_state_accumulator").expect("drop");
    let error = planalign_config::full_message(&registry.update(2025, 2025).expect_err("no events"));
    assert!(error.starts_with("the enrollment registry cannot process the events for 2025: "), "{error}");
    assert!(registry.check(2025).expect_err("no accumulator").to_string().contains("compare its state"));
    db.execute_batch("drop table planalign.enrollment_registry").expect("drop");
    assert!(registry.snapshot(2025).is_err());
    assert!(registry.restore(None).expect_err("no table").to_string().contains("for all years"));
}
