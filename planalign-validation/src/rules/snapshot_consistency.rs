//! `snapshot_consistency`: the snapshot matches the accumulators, employee contributions, and employer contributions.

use planalign_config::{DatabaseError, Row, Tables, Value};

use crate::counts::{Check, Probe, Unit, cannot_run, count, found};
use crate::rule::{CheckError, Finding, Rule};

/// Users read the snapshot, so it must agree with the tables it is built from.
#[derive(Clone, Copy, Debug, Default)]
pub struct SnapshotConsistencyRule;

impl Rule for SnapshotConsistencyRule {
    fn name(&self) -> &'static str {
        "snapshot_consistency"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let sums = probe.added_up(SUMS)?;
        if count(&sums, "people")? == 0 {
            return Err(cannot_run("`fct_workforce_snapshot` has no rows for the year"));
        }
        let differences =
            CHECKS.iter().map(|check| Ok((check.column, difference(sums.value(check.column)?, check.unit))));
        let differences: Row = differences.collect::<Result<_, DatabaseError>>()?;
        found(&probe, &differences, CHECKS, &str::to_owned)
    }
}

/// Returns how many people differ or, for sums, whether they differ.
fn difference(sum: &Value, unit: Unit) -> Value {
    match (sum, unit) {
        (Value::Integer(units) | Value::Decimal { units, .. }, Unit::Rows) => Value::Integer(units.abs().min(1)),
        (Value::Integer(units) | Value::Decimal { units, .. }, _) => Value::Integer(units.abs()),
        (nothing, _) => nothing.clone(),
    }
}

/// The snapshot's sums minus the sums of the tables it is built from. A union rather than a join: planning the join would take
/// longer than the sums.
const SUMS: &str = "
    select
        count(*) as people,
        count(*) as holders,
        count(*) filter (is_enrolled_flag) as enrolled,
        sum(current_deferral_rate) as rates,
        sum(total_deferral_escalations) as escalations,
        sum(prorated_annual_contributions) as contributions,
        sum(employer_match_amount) as matched,
        sum(employer_core_amount) as core,
        count(*) filter (total_employer_contributions != employer_match_amount + employer_core_amount) as wrong_totals
    from fct_workforce_snapshot
    where simulation_year = $1
    union all by name
    select -count(*) as holders, -count(*) filter (is_enrolled) as enrolled
    from int_enrollment_state_accumulator
    where simulation_year = $1
    union all by name
    select -sum(current_deferral_rate) as rates
    from int_deferral_rate_state_accumulator
    where simulation_year = $1
    union all by name
    select -sum(total_deferral_escalations) as escalations
    from int_deferral_escalation_state_accumulator
    where simulation_year = $1
    union all by name
    select -sum(annual_contribution_amount) as contributions
    from int_employee_contributions
    where simulation_year = $1
    union all by name
    select -sum(amount) as matched
    from fct_employer_match_events
    where simulation_year = $1
    union all by name
    select -sum(employer_core_amount) as core
    from int_employer_core_contributions
    where simulation_year = $1";

const ADVICE: &str = "`fct_workforce_snapshot` wasn't built from these rows: rerun stage `VALIDATION` of the year";

const CHECKS: &[Check] = &[
    Check {
        column: "holders",
        unit: Unit::People,
        message: "the snapshot and the accumulators have different headcounts",
        advice: ADVICE,
        rows: "select employee_id
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_enrollment_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.simulation_year is null or theirs.simulation_year is null",
    },
    Check {
        column: "enrolled",
        unit: Unit::People,
        message: "enrollment in the snapshot differs from `int_enrollment_state_accumulator`",
        advice: ADVICE,
        rows: "select employee_id, snapshot.is_enrolled_flag, theirs.is_enrolled
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_enrollment_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.is_enrolled_flag is distinct from theirs.is_enrolled",
    },
    Check {
        column: "rates",
        unit: Unit::Rows,
        message: "deferral rates in the snapshot differ from the accumulator",
        advice: ADVICE,
        rows: "select employee_id, snapshot.current_deferral_rate, theirs.current_deferral_rate
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_deferral_rate_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.current_deferral_rate is distinct from theirs.current_deferral_rate",
    },
    Check {
        column: "escalations",
        unit: Unit::Rows,
        message: "automatic increases in the snapshot differ from the accumulator",
        advice: ADVICE,
        rows: "select employee_id, snapshot.total_deferral_escalations, theirs.total_deferral_escalations
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_deferral_escalation_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.total_deferral_escalations is distinct from theirs.total_deferral_escalations",
    },
    Check {
        column: "contributions",
        unit: Unit::Rows,
        message: "employee contributions in the snapshot don't add up to `int_employee_contributions`",
        advice: ADVICE,
        rows: "select employee_id, snapshot.prorated_annual_contributions, theirs.annual_contribution_amount
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_employee_contributions where simulation_year = $1) as theirs using (employee_id)
            where coalesce(snapshot.prorated_annual_contributions, 0) != coalesce(theirs.annual_contribution_amount, 0)",
    },
    Check {
        column: "matched",
        unit: Unit::Rows,
        message: "match in the snapshot doesn't add up to `fct_employer_match_events`",
        advice: ADVICE,
        rows: "select employee_id, snapshot.employer_match_amount, theirs.amount
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from fct_employer_match_events where simulation_year = $1) as theirs using (employee_id)
            where coalesce(snapshot.employer_match_amount, 0) != coalesce(theirs.amount, 0)",
    },
    Check {
        column: "core",
        unit: Unit::Rows,
        message: "core contributions in the snapshot don't add up to `int_employer_core_contributions`",
        advice: ADVICE,
        rows: "select employee_id, snapshot.employer_core_amount, theirs.employer_core_amount
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_employer_core_contributions where simulation_year = $1) as theirs using (employee_id)
            where coalesce(snapshot.employer_core_amount, 0) != coalesce(theirs.employer_core_amount, 0)",
    },
    Check {
        column: "wrong_totals",
        unit: Unit::People,
        message: "match and core don't add up to total employer contributions",
        advice: ADVICE,
        rows: "from fct_workforce_snapshot where simulation_year = $1 and total_employer_contributions != employer_match_amount + employer_core_amount",
    },
];
