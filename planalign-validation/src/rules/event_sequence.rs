//! `event_sequence`: events fall within the year and the employment, and each starts from the value in effect.

mod walk;

use planalign_config::Tables;

use crate::counts::{Check, Probe, Unit, cannot_run, count, filtered, found};
use crate::rule::{CheckError, Finding, Rule};

/// A single walk over all events almost always shows that none is wrong; otherwise, queries count the people affected.
///
/// The queries gather each person's events once. A chain of up to three changes is checked by its first and last change, which
/// needs no sorting; only longer chains are sorted.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventSequenceRule;

impl Rule for EventSequenceRule {
    fn name(&self) -> &'static str {
        "event_sequence"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        if walk::is_clean(&probe)? { Ok(Vec::new()) } else { counted(&probe) }
    }
}

fn counted(probe: &Probe<'_>) -> Result<Vec<Finding>, CheckError> {
    let reported = probe.row(&counts())?;
    if count(&reported, "opening")? == 0 {
        return Err(cannot_run("`int_employee_compensation_by_year` has no rows for the year"));
    }
    let mut findings = found(probe, &reported, CHECKS, &people)?;
    if count(&reported, "long_chains")? > 0 {
        let count_of = |check: &Check| format!("(select count(*) from ({})) as {}", check.rows, check.column);
        let counts = LONG_CHAIN_CHECKS.iter().map(count_of);
        let counts = counts.collect::<Vec<_>>().join(", ");
        let row = probe.row(&format!("{STEPS} select {counts}"))?;
        findings.extend(found(probe, &row, LONG_CHAIN_CHECKS, &|rows| format!("{STEPS} {rows}"))?);
    }
    Ok(findings)
}

/// Returns one row: the opening headcount, a count per check, and the number of people with long chains.
fn counts() -> String {
    let counts = filtered(CHECKS);
    let opening = "select count(*) from int_employee_compensation_by_year where simulation_year = $1";
    format!("{JUDGED} select ({opening}) as opening, {counts}, count(*) filter (is_long) as long_chains {FROM}")
}

fn people(condition: &str) -> String {
    format!("{JUDGED} select judged.employee_id {FROM} where {condition}")
}

const FROM: &str = "from judged left join opening on judged.employee_id = opening.employee_id";

/// In cents and millionths, which the engine compares faster. `b` and `a` are the values before and after each of a person's
/// changes: `b1` is the opening value, `a1 = b2`, and `a2 = b3`. The middle one of three changes is what remains of all of them
/// (`xor`, like a sum) without the first and the last.
const JUDGED: &str = "
    with happened as (
        select
            employee_id, event_type, effective_date, event_sequence,
            (compensation_amount * 100)::bigint as pay,
            -- A hire starts without pay.
            case when compensation_amount is not null then coalesce((previous_compensation * 100)::bigint, -1) end as previous_pay,
            (employee_deferral_rate * 1000000)::bigint as rate,
            case when employee_deferral_rate is not null then coalesce((prev_employee_deferral_rate * 1000000)::bigint, -1) end as previous_rate
        from fct_yearly_events
        where simulation_year = $1
    ),
    summed as (
        select
            employee_id,
            min(effective_date) as first_day,
            max(effective_date) as last_day,
            max(effective_date) filter (event_type = 'hire') as hired_on,
            max(effective_date) filter (event_type = 'termination') as left_on,
            count(*) filter (event_type = 'hire') as hires,
            count(*) filter (event_type = 'termination') as leavings,
            count(*) filter (event_type = 'deferral_escalation') as increases,
            count(pay) as pays,
            arg_min(previous_pay, event_sequence) as pay_b1,
            arg_min(pay, event_sequence) as pay_a1,
            arg_max(previous_pay, event_sequence) as pay_bn,
            arg_max(pay, event_sequence) as pay_an,
            bit_xor(previous_pay) as pay_b,
            bit_xor(pay) as pay_a,
            count(rate) as rates,
            arg_min(previous_rate, event_sequence) as rate_b1,
            arg_min(rate, event_sequence) as rate_a1,
            arg_max(previous_rate, event_sequence) as rate_bn,
            arg_max(rate, event_sequence) as rate_an,
            bit_xor(previous_rate) as rate_b,
            bit_xor(rate) as rate_a
        from happened
        group by employee_id
    ),
    -- What a person's own events show.
    judged as (
        select
            employee_id, first_day, hired_on,
            first_day < make_date($1, 1, 1) or last_day > make_date($1, 12, 31) as is_outside,
            last_day > left_on as is_after,
            hires > 1 or leavings > 1 as is_repeated,
            increases,
            pays = 2 and pay_a1 != pay_bn
            or pays = 3 and (pay_a1 != xor(xor(pay_b, pay_b1), pay_bn) or xor(xor(pay_a, pay_a1), pay_an) != pay_bn) as pay_breaks,
            rates = 2 and rate_a1 != rate_bn
            or rates = 3 and (rate_a1 != xor(xor(rate_b, rate_b1), rate_bn) or xor(xor(rate_a, rate_a1), rate_an) != rate_bn) as rate_breaks,
            pays > 3 or rates > 3 as is_long,
            pay_b1, rate_b1
        from summed
    ),
    opening as (
        select
            employee_id, employee_hire_date, auto_escalation_opt_out,
            (employee_compensation * 100)::bigint as opening_pay, (deferral_rate * 1000000)::bigint as opening_rate
        from int_employee_compensation_by_year
        where simulation_year = $1
    )";

const STEPS: &str = "
    with happened as (
        select
            employee_id, event_sequence, compensation_amount as pay, previous_compensation as previous_pay,
            employee_deferral_rate as rate, prev_employee_deferral_rate as previous_rate
        from fct_yearly_events
        where simulation_year = $1
    ),
    pay_steps as (
        select
            employee_id, previous_pay,
            lag(pay) over chain as pay_in_effect,
            row_number() over chain as position,
            count(*) over (partition by employee_id) as steps
        from happened
        where pay is not null
        window chain as (partition by employee_id order by event_sequence)
    ),
    rate_steps as (
        select
            employee_id, previous_rate,
            lag(rate) over chain as rate_in_effect,
            row_number() over chain as position,
            count(*) over (partition by employee_id) as steps
        from happened
        where rate is not null
        window chain as (partition by employee_id order by event_sequence)
    )";

const ADVICE: &str = "likely a bug in the event models, or rows edited by hand; check `fct_yearly_events`";

const CHECKS: &[Check] = &[
    Check {
        column: "outside_year",
        unit: Unit::People,
        message: "events dated outside the year in `fct_yearly_events`",
        advice: ADVICE,
        rows: "is_outside",
    },
    Check {
        column: "not_employed",
        unit: Unit::People,
        message: "events for people not employed in the year",
        advice: ADVICE,
        rows: "opening.employee_id is null and hired_on is null",
    },
    Check {
        column: "before_hire",
        unit: Unit::People,
        message: "events before the hire date",
        advice: ADVICE,
        rows: "first_day < coalesce(hired_on, employee_hire_date)",
    },
    Check {
        column: "after_termination",
        unit: Unit::People,
        message: "events after termination",
        advice: ADVICE,
        rows: "is_after",
    },
    Check {
        column: "repeated",
        unit: Unit::People,
        message: "more than one hire or termination",
        advice: ADVICE,
        rows: "is_repeated or hired_on is not null and opening.employee_id is not null",
    },
    Check {
        column: "increased_again",
        unit: Unit::People,
        message: "more than one automatic deferral increase",
        advice: ADVICE,
        rows: "increases > 1",
    },
    Check {
        column: "refused_increase",
        unit: Unit::People,
        message: "automatic deferral increase after opting out",
        advice: ADVICE,
        rows: "increases > 0 and auto_escalation_opt_out",
    },
    Check {
        column: "wrong_pay",
        unit: Unit::People,
        message: "an event doesn't start from the pay in effect",
        advice: ADVICE,
        rows: "pay_breaks or pay_b1 != coalesce(opening_pay, -1)",
    },
    Check {
        column: "wrong_rate",
        unit: Unit::People,
        message: "an event doesn't start from the deferral rate in effect",
        advice: ADVICE,
        rows: "rate_breaks or rate_b1 != coalesce(opening_rate, 0)",
    },
];

const LONG_CHAIN_CHECKS: &[Check] = &[
    Check {
        column: "later_wrong_pay",
        unit: Unit::People,
        message: "a later event doesn't start from the pay in effect",
        advice: ADVICE,
        rows: "select distinct employee_id from pay_steps where steps > 3 and position > 1 and previous_pay is distinct from pay_in_effect",
    },
    Check {
        column: "later_wrong_rate",
        unit: Unit::People,
        message: "a later event doesn't start from the deferral rate in effect",
        advice: ADVICE,
        rows: "select distinct employee_id from rate_steps where steps > 3 and position > 1 and previous_rate is distinct from rate_in_effect",
    },
];

#[cfg(test)]
mod tests {
    use planalign_config::{Database, DatabaseOptions};

    use super::*;

    fn two_years() -> Database {
        let db = Database::in_memory(&DatabaseOptions::default()).expect("in-memory database");
        db.execute_batch(include_str!("../../fixtures/two_years.sql")).expect("load fixture");
        db
    }

    fn is_clean(year: i32, db: &Database) -> bool {
        walk::is_clean(&Probe::new("event_sequence", year, db)).expect("walk")
    }

    /// Damages one row at a time; the walk must flag whatever the queries count.
    #[test]
    fn the_walk_flags_everything_the_queries_count() {
        const EVENTS: &[&str] = &[
            "effective_date = effective_date + 20",
            "effective_date = effective_date - 400",
            "event_sequence = 3700 - event_sequence",
            "employee_id = 'A0' || rowid % 10",
            "event_type = case event_type when 'hire' then 'raise' else 'hire' end",
            "event_type = 'termination'",
            "event_type = 'deferral_escalation'",
            "previous_compensation = coalesce(previous_compensation, 0) + 0.01",
            "compensation_amount = coalesce(compensation_amount, 0) + 0.01",
            "prev_employee_deferral_rate = coalesce(prev_employee_deferral_rate, 0) + 0.000001",
            "employee_deferral_rate = coalesce(employee_deferral_rate, 0) + 0.000001",
        ];
        const OPENING: &[&str] = &[
            "employee_id = 'A99'",
            "employee_hire_date = employee_hire_date + 40000",
            "auto_escalation_opt_out = not auto_escalation_opt_out",
            "employee_compensation = employee_compensation + 0.01",
            "deferral_rate = deferral_rate + 0.000001",
        ];
        let db = &two_years();
        let (mut found, mut flagged) = (0, 0);
        for (table, damages) in [("fct_yearly_events", EVENTS), ("int_employee_compensation_by_year", OPENING)] {
            let rows =
                db.query(&format!("select rowid from {table} where simulation_year = 2026"), &[]).expect("rows").rows;
            for (row, damage) in rows
                .iter()
                .flat_map(|row| damages.iter().map(move |damage| (row.value("rowid").expect("column"), damage)))
            {
                let update = format!("begin; update {table} set {damage} where rowid = {row}");
                db.execute_batch(&update).expect(damage);
                let passes = is_clean(2026, db);
                let findings = counted(&Probe::new("event_sequence", 2026, db)).expect("count");
                db.execute_batch("rollback").expect("rollback");
                assert!(!passes || findings.is_empty(), "{update}: {findings:#?}");
                found += usize::from(!findings.is_empty());
                flagged += usize::from(!passes);
            }
        }
        assert!(found > 200 && flagged < 2 * found, "{found} counted, {flagged} flagged");
    }

    #[test]
    fn the_walk_passes_clean_years() {
        let db = two_years();
        assert!(is_clean(2025, &db));
        assert!(is_clean(2026, &db));
        // Regardless of the order in which the events are stored.
        let shuffled = "create table shuffled as from fct_yearly_events order by event_sequence desc;
            delete from fct_yearly_events; insert into fct_yearly_events from shuffled";
        db.execute_batch(shuffled).expect("shuffle");
        assert!(is_clean(2026, &db));
    }
}
