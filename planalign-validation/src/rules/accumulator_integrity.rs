//! `accumulator_integrity`: the accumulators hold everybody once, with what follows from the opening state and the events.

use planalign_config::{DatabaseError, Row, Tables, Value};

use crate::counts::{Check, Probe, Unit, cannot_run, count, filtered, found};
use crate::rule::{CheckError, Finding, Rule};

/// Adds up, person by person, the opening state and what the events change: that is what the accumulators must hold.
///
/// Almost always they do, and to see that no person has to be looked up: each gets a weight of 32 bits from a hash of the
/// id, and for every table the sums of weight x value are formed. If all persons agree, so do the sums; if some do not, the
/// sums agree with a probability of one in four billion. Only if they differ, people are compared, to count them.
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
            return Err(cannot_run("its query has no answer"));
        };
        if count(opening, "people")? == 0 {
            return Err(cannot_run("int_employee_compensation_by_year has no rows of the year"));
        }
        let agreeing = others.iter().map(|row| agrees(row, opening, changes)).collect::<Result<Vec<_>, _>>()?;
        if agreeing.into_iter().all(|agrees| agrees) {
            return Ok(Vec::new());
        }
        let row = probe.row(&format!("{COMPARED} select {} from people", filtered(CHECKS)))?;
        let people = |condition: &str| format!("{COMPARED} select employee_id from people where {condition}");
        let findings = found(&probe, &row, CHECKS, &people)?;
        if findings.is_empty() {
            return Err(cannot_run("sums over people differ, but no person does"));
        }
        Ok(findings)
    }
}

/// Whether the sums of a table are those of the opening state and the changes; an empty table has none.
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

/// A row per table, in this order, of the sums of weight x value; null where a table does not hold the value. Rates and amounts
/// are in millionths.
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
    -- Where a table lacks a person, its value is null and differs from the sum.
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
    "this is a defect of the models or of rows changed by hand: roll back to the year before and run it again";

const CHECKS: &[Check] = &[
    Check {
        column: "is_misplaced",
        unit: Unit::People,
        message: "in an accumulator without being there in the year, or in it twice",
        advice: ADVICE,
        rows: "is_misplaced",
    },
    Check {
        column: "enrollment_differs",
        unit: Unit::People,
        message: "int_enrollment_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
        rows: "enrollment_differs",
    },
    Check {
        column: "rate_differs",
        unit: Unit::People,
        message: "int_deferral_rate_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
        rows: "rate_differs",
    },
    Check {
        column: "escalation_differs",
        unit: Unit::People,
        message: "int_deferral_escalation_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
        rows: "escalation_differs",
    },
];
