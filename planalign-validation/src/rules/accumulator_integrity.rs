//! `accumulator_integrity`: the accumulators list everyone once and match the opening state plus the year's events.

use planalign_config::{DatabaseError, Row, Tables, Value};

use crate::counts::{Check, Probe, Unit, cannot_run, count, filtered, found};
use crate::rule::{CheckError, Finding, Rule};

/// Recomputes each person's closing state from the opening state and the events, and compares it with the accumulators.
///
/// They almost always match, and confirming that takes no lookups: each person gets a 32-bit weight from a hash of the ID, and
/// the rule compares sums of weight x value per table. If everyone matches, so do the sums; if someone doesn't, the sums match
/// with a probability of one in four billion. People are compared, and counted, only when the sums differ.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccumulatorIntegrityRule;

impl Rule for AccumulatorIntegrityRule {
    fn name(&self) -> &'static str {
        "accumulator_integrity"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let sums = probe.rows(SUMS)?.rows;
        let [opening, changes, others @ ..] = &sums[..] else {
            return Err(cannot_run("its query returned no rows"));
        };
        if count(opening, "people")? == 0 {
            return Err(cannot_run("`int_employee_compensation_by_year` has no rows for the year"));
        }
        let agreeing = others.iter().map(|row| agrees(row, opening, changes)).collect::<Result<Vec<_>, _>>()?;
        if agreeing.into_iter().all(|agrees| agrees) {
            return Ok(Vec::new());
        }
        let row = probe.row(&format!("{COMPARED} select {} from people", filtered(CHECKS)))?;
        let people = |condition: &str| format!("{COMPARED} select employee_id from people where {condition}");
        let findings = found(&probe, &row, CHECKS, &people)?;
        if findings.is_empty() {
            return Err(cannot_run("totals differ, but no individual does"));
        }
        Ok(findings)
    }
}

/// Returns whether a table's sums match the opening state plus the changes; an empty table has no sums.
fn agrees(row: &Row, opening: &Row, changes: &Row) -> Result<bool, DatabaseError> {
    const PRESENCE: &str = "presence";
    let sum = |row: &Row, column| match row.value(column)? {
        Value::Integer(sum) => Ok(Some(*sum)),
        _ => Ok::<_, DatabaseError>(None),
    };
    for column in [PRESENCE, "enrolled", "rate", "escalations", "amount"] {
        let expected = sum(opening, column)?.zip(sum(changes, column)?).map(|(state, change)| state + change);
        let agrees = match sum(row, column)? {
            Some(sum) => expected == Some(sum),
            None => column != PRESENCE,
        };
        if !agrees {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Sums of weight x value, one row per table in this order; null where a table doesn't have the value. Rates and amounts are in
/// millionths.
const SUMS: &str = "
    select
        1 as place,
        count(*) as people,
        sum(weight) as presence,
        coalesce(sum(weight) filter (is_enrolled), 0) as enrolled,
        sum(weight * rate) as rate,
        sum(weight * escalations) as escalations,
        sum(weight * amount) as amount
    from (
        select
            (hash(employee_id) & 4294967295)::bigint as weight,
            is_enrolled,
            (deferral_rate * 1000000)::bigint as rate,
            total_deferral_escalations::bigint as escalations,
            (total_escalation_amount * 1000000)::bigint as amount
        from int_employee_compensation_by_year
        where simulation_year = $1
    )
    union all
    select
        2, 0,
        coalesce(sum(weight) filter (event_type = 'hire'), 0),
        coalesce(sum(case event_type when 'enrollment' then weight when 'enrollment_change' then -weight end), 0),
        coalesce(sum(weight * change), 0),
        coalesce(sum(weight) filter (event_type = 'deferral_escalation'), 0),
        coalesce(sum(weight * change) filter (event_type = 'deferral_escalation'), 0)
    from (
        select
            (hash(employee_id) & 4294967295)::bigint as weight,
            event_type,
            ((employee_deferral_rate - prev_employee_deferral_rate) * 1000000)::bigint as change
        from fct_yearly_events
        where simulation_year = $1
            and event_type in ('hire', 'enrollment', 'enrollment_change', 'deferral_escalation')
    )
    union all
    select 3, 0, sum(weight), coalesce(sum(weight) filter (is_enrolled), 0), null, null, null
    from (
        select (hash(employee_id) & 4294967295)::bigint as weight, is_enrolled
        from int_enrollment_state_accumulator
        where simulation_year = $1
    )
    union all
    select 4, 0, sum(weight), null, sum(weight * rate), null, null
    from (
        select (hash(employee_id) & 4294967295)::bigint as weight, (current_deferral_rate * 1000000)::bigint as rate
        from int_deferral_rate_state_accumulator
        where simulation_year = $1
    )
    union all
    select 5, 0, sum(weight), null, null, sum(weight * escalations), sum(weight * amount)
    from (
        select
            (hash(employee_id) & 4294967295)::bigint as weight,
            total_deferral_escalations::bigint as escalations,
            (total_escalation_amount * 1000000)::bigint as amount
        from int_deferral_escalation_state_accumulator
        where simulation_year = $1
    )
    order by place";

const COMPARED: &str = "
    with opening as (
        select
            employee_id, is_enrolled::integer as enrolled, deferral_rate, total_deferral_escalations, total_escalation_amount
        from int_employee_compensation_by_year
        where simulation_year = $1
    ),
    changes as (
        select
            employee_id,
            count(*) filter (event_type = 'hire') as hires,
            count(*) filter (event_type = 'enrollment') - count(*) filter (event_type = 'enrollment_change') as enrolled,
            sum(employee_deferral_rate - prev_employee_deferral_rate) as rate,
            count(*) filter (event_type = 'deferral_escalation') as escalations,
            sum(employee_deferral_rate - prev_employee_deferral_rate) filter (event_type = 'deferral_escalation') as escalated
        from fct_yearly_events
        where simulation_year = $1
            and event_type in ('hire', 'enrollment', 'enrollment_change', 'deferral_escalation')
        group by employee_id
    ),
    -- If a person is missing from a table, the value is null and differs from the sum.
    compared as (
        select
            employee_id,
            (opening.employee_id is not null)::integer + coalesce(hires, 0) as presences,
            coalesce(opening.enrolled, 0) + coalesce(changes.enrolled, 0) is distinct from enrollment.is_enrolled::integer as enrollment_differs,
            coalesce(opening.deferral_rate, 0) + coalesce(changes.rate, 0) is distinct from rates.current_deferral_rate as rate_differs,
            coalesce(opening.total_deferral_escalations, 0) + coalesce(escalations, 0) is distinct from increases.total_deferral_escalations
            or coalesce(opening.total_escalation_amount, 0) + coalesce(escalated, 0) is distinct from increases.total_escalation_amount
            as escalation_differs
        from opening
        full join changes using (employee_id)
        full join (
            from int_enrollment_state_accumulator
            where simulation_year = $1
        ) as enrollment using (employee_id)
        full join (
            from int_deferral_rate_state_accumulator
            where simulation_year = $1
        ) as rates using (employee_id)
        full join (
            from int_deferral_escalation_state_accumulator
            where simulation_year = $1
        ) as increases using (employee_id)
    ),
    people as (
        select
            employee_id,
            bool_or(presences != 1) or count(*) > 1 as is_misplaced,
            bool_or(enrollment_differs) as enrollment_differs,
            bool_or(rate_differs) as rate_differs,
            bool_or(escalation_differs) as escalation_differs
        from compared
        group by employee_id
    )";

const ADVICE: &str =
    "likely a bug in the models, or rows edited by hand: restore the prior year's last checkpoint and rerun this year";

const CHECKS: &[Check] = &[
    Check {
        column: "is_misplaced",
        unit: Unit::People,
        message: "in an accumulator but not in the year's workforce, or listed twice",
        advice: ADVICE,
        rows: "is_misplaced",
    },
    Check {
        column: "enrollment_differs",
        unit: Unit::People,
        message: "`int_enrollment_state_accumulator` doesn't match the opening state plus the events",
        advice: ADVICE,
        rows: "enrollment_differs",
    },
    Check {
        column: "rate_differs",
        unit: Unit::People,
        message: "`int_deferral_rate_state_accumulator` doesn't match the opening state plus the events",
        advice: ADVICE,
        rows: "rate_differs",
    },
    Check {
        column: "escalation_differs",
        unit: Unit::People,
        message: "`int_deferral_escalation_state_accumulator` doesn't match the opening state plus the events",
        advice: ADVICE,
        rows: "escalation_differs",
    },
];
