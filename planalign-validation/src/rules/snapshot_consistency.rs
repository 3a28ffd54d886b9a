//! `snapshot_consistency`: the snapshot shows what the accumulators, the contributions and the employer's money say.

use crate::counts::{Check, CountRule, Probe, Unit};

/// The snapshot is what users read; it must not tell another story than the tables that it is made from.
pub(super) fn rule(probe: Probe) -> CountRule {
    CountRule { probe, sql: SQL.to_owned(), looked_at: "rows of the year in fct_workforce_snapshot", checks: CHECKS }
}

/// The sums of the snapshot less the sums of the tables that it is made from. One union instead of a join of sums: it needs
/// no plan of joins, which would take longer than the sums.
const SQL: &str = "
    with sums (people, holders, enrolled, rates, escalations, contributions, matched, core, wrong_totals) as (
        select
            count(*), count(*), count(*) filter (is_enrolled_flag), sum(current_deferral_rate), sum(total_deferral_escalations),
            sum(prorated_annual_contributions), sum(employer_match_amount), sum(employer_core_amount),
            count(*) filter (total_employer_contributions != employer_match_amount + employer_core_amount)
        from fct_workforce_snapshot
        where simulation_year = $1
        union all
        select 0, -count(*), -count(*) filter (is_enrolled), 0, 0, 0, 0, 0, 0
        from int_enrollment_state_accumulator
        where simulation_year = $1
        union all
        select 0, 0, 0, -sum(current_deferral_rate), 0, 0, 0, 0, 0
        from int_deferral_rate_state_accumulator
        where simulation_year = $1
        union all
        select 0, 0, 0, 0, -sum(total_deferral_escalations), 0, 0, 0, 0
        from int_deferral_escalation_state_accumulator
        where simulation_year = $1
        union all
        select 0, 0, 0, 0, 0, -sum(annual_contribution_amount), 0, 0, 0
        from int_employee_contributions
        where simulation_year = $1
        union all
        select 0, 0, 0, 0, 0, 0, -sum(amount), 0, 0
        from fct_employer_match_events
        where simulation_year = $1
        union all
        select 0, 0, 0, 0, 0, 0, 0, -sum(employer_core_amount), 0
        from int_employer_core_contributions
        where simulation_year = $1
    )
    select
        sum(people),
        abs(sum(holders)),
        abs(sum(enrolled)),
        (sum(rates) != 0)::integer,
        (sum(escalations) != 0)::integer,
        (sum(contributions) != 0)::integer,
        (sum(matched) != 0)::integer,
        (sum(core) != 0)::integer,
        sum(wrong_totals)
    from sums";

const ADVICE: &str = "fct_workforce_snapshot is not made from these rows: run the stage VALIDATION of the year again";

const CHECKS: &[Check] = &[
    Check {
        unit: Unit::People,
        message: "the snapshot and the accumulators hold different numbers of people",
        advice: ADVICE,
        rows: "select employee_id
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_enrollment_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.simulation_year is null or theirs.simulation_year is null",
    },
    Check {
        unit: Unit::People,
        message: "the snapshot and int_enrollment_state_accumulator differ in who is enrolled",
        advice: ADVICE,
        rows: "select employee_id, snapshot.is_enrolled_flag, theirs.is_enrolled
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_enrollment_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.is_enrolled_flag is distinct from theirs.is_enrolled",
    },
    Check {
        unit: Unit::Rows,
        message: "the deferral rates of the snapshot are not those of the accumulator",
        advice: ADVICE,
        rows: "select employee_id, snapshot.current_deferral_rate, theirs.current_deferral_rate
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_deferral_rate_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.current_deferral_rate is distinct from theirs.current_deferral_rate",
    },
    Check {
        unit: Unit::Rows,
        message: "the automatic increases of the snapshot are not those of the accumulator",
        advice: ADVICE,
        rows: "select employee_id, snapshot.total_deferral_escalations, theirs.total_deferral_escalations
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_deferral_escalation_state_accumulator where simulation_year = $1) as theirs using (employee_id)
            where snapshot.total_deferral_escalations is distinct from theirs.total_deferral_escalations",
    },
    Check {
        unit: Unit::Rows,
        message: "the contributions of the snapshot do not add up to int_employee_contributions",
        advice: ADVICE,
        rows: "select employee_id, snapshot.prorated_annual_contributions, theirs.annual_contribution_amount
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_employee_contributions where simulation_year = $1) as theirs using (employee_id)
            where coalesce(snapshot.prorated_annual_contributions, 0) != coalesce(theirs.annual_contribution_amount, 0)",
    },
    Check {
        unit: Unit::Rows,
        message: "the match of the snapshot does not add up to fct_employer_match_events",
        advice: ADVICE,
        rows: "select employee_id, snapshot.employer_match_amount, theirs.amount
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from fct_employer_match_events where simulation_year = $1) as theirs using (employee_id)
            where coalesce(snapshot.employer_match_amount, 0) != coalesce(theirs.amount, 0)",
    },
    Check {
        unit: Unit::Rows,
        message: "the core of the snapshot does not add up to int_employer_core_contributions",
        advice: ADVICE,
        rows: "select employee_id, snapshot.employer_core_amount, theirs.employer_core_amount
            from (from fct_workforce_snapshot where simulation_year = $1) as snapshot
            full join (from int_employer_core_contributions where simulation_year = $1) as theirs using (employee_id)
            where coalesce(snapshot.employer_core_amount, 0) != coalesce(theirs.employer_core_amount, 0)",
    },
    Check {
        unit: Unit::People,
        message: "match and core do not add up to the employer's contributions",
        advice: ADVICE,
        rows: "from fct_workforce_snapshot where simulation_year = $1 and total_employer_contributions != employer_match_amount + employer_core_amount",
    },
];
