//! The deferral-escalation registry with handwritten events.

use planalign_config::Database;

use super::{DIFFERENCES, DeferralEscalationRegistry};
use crate::duckdb::testing::{census, event, models, plain};
use crate::registry::Registry;

fn escalates(db: &Database, employee: &str, day: &str, from: &str, to: &str) {
    event(db, employee, day, "deferral_escalation", "deferral_escalation", (from, to));
}

/// Anna escalates twice, Ben opts out of increases, Cleo escalates and terminates, Dan is hired, enrolls, escalates, and opts out.
fn example() -> (Database, DeferralEscalationRegistry) {
    let db = models();
    census(&db, "anna", "0.06", false);
    census(&db, "ben", "0.05", true);
    census(&db, "cleo", "0.02", false);
    census(&db, "fay", "0", false);
    escalates(&db, "anna", "2025-01-01", "0.06", "0.07");
    escalates(&db, "anna", "2026-01-01", "0.07", "0.075");
    escalates(&db, "cleo", "2025-01-01", "0.02", "0.03");
    plain(&db, "cleo", "2025-06-30", "termination");
    plain(&db, "dan", "2025-05-01", "hire");
    event(&db, "dan", "2025-06-15", "enrollment", "auto_enrollment", ("0", "0.03"));
    escalates(&db, "dan", "2026-01-01", "0.03", "0.04");
    event(&db, "dan", "2026-02-01", "enrollment_change", "enrollment_opt_out", ("0.04", "0"));
    let registry = DeferralEscalationRegistry::new(db.clone()).expect("open");
    (db, registry)
}

fn accumulate(db: &Database, year: i32) {
    let of_year = format!("from planalign.deferral_escalation_registry where simulation_year = {year}");
    let keys = "select 's', 'd', simulation_year, employee_id";
    db.execute_batch(&format!(
        "insert into int_deferral_rate_state_accumulator {keys}, current_rate, original_rate {of_year};
        insert into int_deferral_escalation_state_accumulator
            {keys}, opted_out, escalations, escalation_amount, last_escalation_date {of_year}"
    ))
    .expect("accumulate");
}

fn rows(db: &Database, year: i32) -> String {
    let sql =
        "select employee_id, opted_out, original_rate, opening_rate, current_rate, escalations, escalation_amount,
            last_escalation_date, left_on
        from planalign.deferral_escalation_registry where simulation_year = ? order by employee_id";
    let table = db.query(sql, &[year.into()]).expect("query");
    let line = |r: &planalign_config::Row| r.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn rates_and_increases_follow_the_events_across_years() {
    let (db, mut registry) = example();
    assert_eq!(registry.update(2025, 2025).expect("2025"), 5);
    assert_eq!(registry.update(2026, 2025).expect("2026"), 4);
    insta::assert_snapshot!(rows(&db, 2025), @"
    anna false 0.060000 0.060000 0.070000 1 0.010000 2025-01-01 null
    ben true 0.050000 0.050000 0.050000 0 0.000000 null null
    cleo false 0.020000 0.020000 0.030000 1 0.010000 2025-01-01 2025-06-30
    dan false 0.030000 0.000000 0.030000 0 0.000000 null null
    fay false null 0.000000 0.000000 0 0.000000 null null
    ");
    insta::assert_snapshot!(rows(&db, 2026), @"
    anna false 0.060000 0.070000 0.075000 2 0.015000 2026-01-01 null
    ben true 0.050000 0.050000 0.050000 0 0.000000 null null
    dan false 0.030000 0.030000 0.000000 1 0.010000 2026-01-01 null
    fay false null 0.000000 0.000000 0 0.000000 null null
    ");
}

#[test]
fn a_year_can_be_replaced_and_forgotten() {
    let (_, mut registry) = example();
    registry.update(2025, 2025).expect("2025");
    registry.update(2026, 2025).expect("2026");
    let (first, second) = (registry.snapshot(2025).expect("snapshot"), registry.snapshot(2026).expect("snapshot"));
    registry.update(2026, 2025).expect("update again");
    assert_eq!(registry.snapshot(2026).expect("snapshot"), second);
    registry.restore(Some(2025)).expect("restore");
    assert_eq!(registry.snapshot(2025).expect("snapshot"), first);
    assert_eq!(registry.snapshot(2026).expect("snapshot").state.rows, 0);
}

#[test]
fn people_and_years_can_be_queried() {
    let (_, mut registry) = example();
    registry.update(2025, 2025).expect("2025");
    registry.update(2026, 2025).expect("2026");
    assert_eq!(registry.escalations("anna", 2025).expect("anna"), Some(1));
    assert_eq!(registry.escalations("anna", 2026).expect("anna"), Some(2));
    assert_eq!(registry.escalations("nobody", 2026).expect("nobody"), None);
    assert_eq!(registry.escalated_in(2025).expect("count"), 2);
    let dan = registry.state_of("dan", 2026).expect("dan").expect("row");
    assert_eq!((dan.original_rate.as_deref(), dan.current_rate.as_str()), (Some("0.030000"), "0.000000"));
    assert_eq!((dan.escalation_amount.as_str(), dan.last_escalation_date.as_deref()), ("0.010000", Some("2026-01-01")));
    let ben = registry.state_of("ben", 2026).expect("ben").expect("row");
    assert!(ben.opted_out && !dan.opted_out);
    assert_eq!(registry.name(), "deferral_escalation");
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
    let (rate, escalation) = ("int_deferral_rate_state_accumulator", "int_deferral_escalation_state_accumulator");
    let cases = [
        (format!("delete from {rate} where employee_id = 'anna'"), vec![(0, 1)]),
        (format!("insert into {rate} values ('s', 'd', 2025, 'zoe', 0, null)"), vec![(1, 1)]),
        (format!("insert into {rate} from {rate} where employee_id = 'anna'"), vec![(2, 1)]),
        (format!("update {rate} set current_deferral_rate = 0.5 where employee_id <> 'ben'"), vec![(3, 4)]),
        (format!("update {rate} set original_deferral_rate = null"), vec![(4, 4)]),
        (format!("delete from {escalation} where employee_id = 'anna'"), vec![(5, 1)]),
        (format!("insert into {escalation} values ('s', 'd', 2025, 'zoe', false, 0, 0, null)"), vec![(6, 1)]),
        (format!("insert into {escalation} from {escalation} where employee_id = 'anna'"), vec![(7, 1)]),
        (format!("update {escalation} set total_deferral_escalations = 2 where employee_id = 'anna'"), vec![(8, 1)]),
        (format!("update {escalation} set total_escalation_amount = 0 where employee_id = 'anna'"), vec![(9, 1)]),
        (format!("update {escalation} set last_escalation_date = null where employee_id = 'anna'"), vec![(10, 1)]),
        (format!("update {escalation} set auto_escalation_opt_out = false"), vec![(11, 1)]),
    ];
    let kinds: Vec<&str> =
        DIFFERENCES.iter().flat_map(|differences| differences.kinds).map(|(what, _)| *what).collect();
    for (change, expected) in cases {
        let expected: Vec<_> = expected.into_iter().map(|(i, n): (usize, u64)| (kinds[i].to_owned(), n)).collect();
        assert_eq!(found_after(&change), expected, "{change}");
    }
}
