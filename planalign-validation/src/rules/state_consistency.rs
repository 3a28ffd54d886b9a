//! `state_consistency`: opening state, events, accumulators and registries agree on who is enrolled, at what rate, with how
//! many increases.

use crate::counts::{Check, Probe, Unit, found};
use crate::rule::{Finding, Rule, RuleError};

/// Adds up, person by person, the opening state and what the events change: that is what the accumulators and the
/// registries of the program must hold.
///
/// Almost always they do, and to see that no person has to be looked up: each gets a weight of 32 bits from a hash of the
/// id, and for every table the sums of weight x value are formed. If all persons agree, so do the sums; if some do not, the
/// sums agree with a probability of one in four billion. Only if they differ, people are compared, to count them.
#[derive(Debug)]
pub(super) struct StateConsistency(pub(super) Probe);

impl Rule for StateConsistency {
    fn name(&self) -> &str {
        self.0.rule
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let sums = self.0.row(SUMS, year)?;
        if self.0.count(&sums, 0, year)? == 0 {
            return Err(self.0.cannot_run(year, "int_employee_compensation_by_year has no rows of the year"));
        }
        if sums.boolean(1) == Some(true) {
            return Ok(Vec::new());
        }
        let mut findings = found(&self.0, year, &self.0.row(REPLAYED, year)?, REPLAYED_CHECKS)?;
        findings.extend(found(&self.0, year, &self.0.row(REGISTERED, year)?, REGISTERED_CHECKS)?);
        if findings.is_empty() {
            return Err(self.0.cannot_run(year, "sums over people differ, but no person does"));
        }
        Ok(findings)
    }
}

const SUMS: &str = "
    with opening as (
        select
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
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        )
    ),
    changes as (
        select
            coalesce(sum(weight) filter (event_type = 'hire'), 0) as presence,
            coalesce(sum(case event_type when 'enrollment' then weight when 'enrollment_change' then -weight end), 0) as enrolled,
            coalesce(sum(weight * change), 0) as rate,
            coalesce(sum(weight) filter (event_type = 'deferral_escalation'), 0) as escalations,
            coalesce(sum(weight * change) filter (event_type = 'deferral_escalation'), 0) as amount
        from (
            select
                (hash(employee_id) & 4294967295)::bigint as weight,
                event_type,
                ((employee_deferral_rate - prev_employee_deferral_rate) * 1000000)::bigint as change
            from fct_yearly_events
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
                and event_type in ('hire', 'enrollment', 'enrollment_change', 'deferral_escalation')
        )
    ),
    enrollment as (
        select sum(weight) as presence, coalesce(sum(weight) filter (is_enrolled), 0) as enrolled
        from (
            select (hash(employee_id) & 4294967295)::bigint as weight, is_enrolled
            from int_enrollment_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        )
    ),
    rates as (
        select sum(weight) as presence, sum(weight * rate) as rate
        from (
            select (hash(employee_id) & 4294967295)::bigint as weight, (current_deferral_rate * 1000000)::bigint as rate
            from int_deferral_rate_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        )
    ),
    increases as (
        select sum(weight) as presence, sum(weight * escalations) as escalations, sum(weight * amount) as amount
        from (
            select
                (hash(employee_id) & 4294967295)::bigint as weight,
                total_deferral_escalations::bigint as escalations,
                (total_escalation_amount * 1000000)::bigint as amount
            from int_deferral_escalation_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        )
    ),
    enrollment_registry as (
        select sum(weight) as presence, coalesce(sum(weight) filter (is_enrolled), 0) as enrolled
        from (
            select (hash(employee_id) & 4294967295)::bigint as weight, is_enrolled
            from {planalign}.enrollment_registry
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        )
    ),
    deferral_registry as (
        select
            sum(weight) as presence, sum(weight * rate) as rate,
            sum(weight * escalations) as escalations, sum(weight * amount) as amount
        from (
            select
                (hash(employee_id) & 4294967295)::bigint as weight,
                (current_rate * 1000000)::bigint as rate,
                escalations::bigint as escalations,
                (escalation_amount * 1000000)::bigint as amount
            from {planalign}.deferral_escalation_registry
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        )
    ),
    expected as (
        select
            people,
            opening.presence + changes.presence as presence,
            opening.enrolled + changes.enrolled as enrolled,
            opening.rate + changes.rate as rate,
            opening.escalations + changes.escalations as escalations,
            opening.amount + changes.amount as amount
        from opening, changes
    )
    select
        people,
        coalesce(
            (expected.presence, expected.enrolled) = (enrollment.presence, enrollment.enrolled)
            and (expected.presence, expected.rate) = (rates.presence, rates.rate)
            and (expected.presence, expected.escalations, expected.amount) = (increases.presence, increases.escalations, increases.amount)
            and (expected.presence, expected.enrolled) = (enrollment_registry.presence, enrollment_registry.enrolled)
            and (expected.presence, expected.rate, expected.escalations, expected.amount)
            = (deferral_registry.presence, deferral_registry.rate, deferral_registry.escalations, deferral_registry.amount),
            false
        )
    from expected, enrollment, rates, increases, enrollment_registry, deferral_registry";

const REPLAYED: &str = "
    with opening as (
        select
            employee_id, is_enrolled::integer as enrolled, deferral_rate, total_deferral_escalations, total_escalation_amount
        from int_employee_compensation_by_year
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
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
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
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
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as enrollment using (employee_id)
        full join (
            from int_deferral_rate_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as rates using (employee_id)
        full join (
            from int_deferral_escalation_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as increases using (employee_id)
    )
    select
        (select count(*) from opening),
        count(*) filter (presences != 1) + count(*) - count(distinct employee_id),
        count(*) filter (enrollment_differs),
        count(*) filter (rate_differs),
        count(*) filter (escalation_differs)
    from compared";

const REGISTERED: &str = "
    with enrollment as (
        select
            count(*) filter (ours.is_enrolled is distinct from theirs.is_enrolled) + count(*) - count(distinct employee_id) as people
        from (
            from {planalign}.enrollment_registry
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as ours
        full join (
            from int_enrollment_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as theirs using (employee_id)
    ),
    deferrals as (
        select
            count(*) filter (current_rate is distinct from current_deferral_rate)
            + count(*) - count(distinct employee_id) as differing_rates,
            count(*) filter (
                escalations is distinct from total_deferral_escalations or escalation_amount is distinct from total_escalation_amount
            ) as differing_increases
        from (
            from {planalign}.deferral_escalation_registry
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as ours
        full join (
            from int_deferral_rate_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as rates using (employee_id)
        full join (
            from int_deferral_escalation_state_accumulator
            where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
        ) as increases using (employee_id)
    )
    select (select count(*) from enrollment), people, differing_rates, differing_increases
    from enrollment, deferrals";

const ADVICE: &str =
    "this is a defect of the models or of rows changed by hand: roll back to the year before and run it again";

const REPLAYED_CHECKS: &[Check] = &[
    Check {
        unit: Unit::People,
        message: "in an accumulator without being there in the year, or in it twice",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "int_enrollment_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "int_deferral_rate_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "int_deferral_escalation_state_accumulator does not follow from the opening state and the events",
        advice: ADVICE,
    },
];

const REGISTERED_CHECKS: &[Check] = &[
    Check {
        unit: Unit::People,
        message: "the enrollment registry and int_enrollment_state_accumulator differ in who is enrolled",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "the deferral escalation registry and int_deferral_rate_state_accumulator differ in the rate",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "the deferral escalation registry and int_deferral_escalation_state_accumulator differ in the increases",
        advice: ADVICE,
    },
];
