//! `contribution_limits`: no limit of the tax code or of the plan is exceeded by a cent.

use crate::counts::{Check, CountRule, Probe, Unit};
use crate::settings::{RuleSettings, millionths};

/// Recomputes the limits from the seed of published years (later years: from `int_irs_limits`) and from dates of birth.
///
/// IRC 402(g) with catch-up of 414(v) by the age on Dec 31, 401(a)(17) for pay that counts for employer money, the plan's
/// cap on deferrals, the cap on the match, and the end of automatic increases.
pub(super) fn rule(probe: Probe) -> CountRule {
    let sql = with_settings(SQL, &probe.settings);
    CountRule { probe, sql, looked_at: "limits or contributions of the year", checks: CHECKS }
}

fn with_settings(sql: &str, settings: &RuleSettings) -> String {
    // Without a cap on the match every match is within it.
    let match_cap = settings.match_cap.map_or_else(|| "null".to_owned(), |cap| millionths(cap).to_string());
    sql.replace("{maximum_rate}", &millionths(settings.maximum_deferral_rate).to_string())
        .replace("{maximum_escalated}", &millionths(settings.maximum_escalated_rate).to_string())
        .replace("{catch_up}", &settings.catch_up.to_string())
        .replace("{super_catch_up}", &settings.super_catch_up.to_string())
        .replace("{match_cap}", &match_cap)
}

const SQL: &str = "
    with limits as (
        select
            coalesce(seed.deferral_limit, used.deferral_limit) as deferral_limit,
            coalesce(seed.catch_up_limit, used.catch_up_limit) as catch_up_limit,
            coalesce(seed.super_catch_up_limit, used.super_catch_up_limit) as super_catch_up_limit,
            coalesce(seed.compensation_limit, used.compensation_limit) as compensation_limit,
            seed.limit_year is not null
            and (seed.deferral_limit, seed.catch_up_limit, seed.super_catch_up_limit, seed.compensation_limit)
            != (used.deferral_limit, used.catch_up_limit, used.super_catch_up_limit, used.compensation_limit) as differs
        from int_irs_limits as used
        left join config_irs_limits as seed on seed.limit_year = used.simulation_year
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    deferred as (
        select
            employee_id, prorated_annual_compensation as pay, regular_deferrals, catch_up_deferrals, annual_contribution_amount as total
        from int_employee_contributions
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    people as (
        select employee_id, $3 - year(employee_birth_date) as age_on_dec_31
        from int_workforce_state
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    deferrals as (
        select
            count(*) as looked_at,
            count(*) filter (regular_deferrals > deferral_limit) as above_402g,
            count(*) filter (total > deferral_limit + case
                when {catch_up} and {super_catch_up} and age_on_dec_31 >= 60 and age_on_dec_31 < 64 then super_catch_up_limit
                when {catch_up} and age_on_dec_31 >= 50 then catch_up_limit
                else 0
            end) as above_catch_up,
            count(*) filter (total != regular_deferrals + catch_up_deferrals) as not_added_up,
            -- Pay and deferrals are rounded to the cent, so each may be off by half of one.
            count(*) filter (2000000 * (total * 100)::bigint > (2 * (pay * 100)::bigint + 1) * {maximum_rate} + 1000000) as above_plan_cap
        from deferred
        left join people using (employee_id)
        cross join limits
        where total > 0
    ),
    matched as (
        select
            count(*) filter (eligible_compensation > compensation_limit) as above_pay,
            count(*) filter (2000000 * (amount * 100)::bigint > 2 * (eligible_compensation * 100)::bigint * {match_cap} + 1000000) as above_cap
        from fct_employer_match_events, limits
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    core as (
        select count(*) filter (eligible_compensation > compensation_limit) as above_pay
        from int_employer_core_contributions, limits
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    rates as (
        select count(*) filter ((current_deferral_rate * 1000000)::bigint > {maximum_rate}) as above_plan_cap
        from int_deferral_rate_state_accumulator
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3
    ),
    increases as (
        select count(*) filter (
            (employee_deferral_rate * 1000000)::bigint > {maximum_escalated} or employee_deferral_rate <= prev_employee_deferral_rate
        ) as beyond
        from fct_yearly_events
        where scenario_id = $1 and plan_design_id = $2 and simulation_year = $3 and event_type = 'deferral_escalation'
    )
    select
        least((select count(*) from limits), (select count(*) from deferred)),
        (select count(*) from limits where differs),
        above_402g, above_catch_up, not_added_up,
        deferrals.above_plan_cap,
        matched.above_pay, matched.above_cap, core.above_pay,
        rates.above_plan_cap,
        beyond
    from deferrals, matched, core, rates, increases";

const ADVICE: &str =
    "this is a defect of the models or of rows changed by hand: roll back to the year before and run it again";

const CHECKS: &[Check] = &[
    Check {
        unit: Unit::Rows,
        message: "int_irs_limits differs from the published limits in config_irs_limits",
        advice: "build the seeds and the model int_irs_limits again",
    },
    Check {
        unit: Unit::People,
        message: "regular deferrals above the limit of 402(g) in int_employee_contributions",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "deferrals above 402(g) and the catch-up of 414(v) for the age on Dec 31 in int_employee_contributions",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "regular and catch-up deferrals do not add up in int_employee_contributions",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "deferrals above deferrals.maximum_rate of the pay in int_employee_contributions",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "pay above the limit of 401(a)(17) in fct_employer_match_events",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "a match above employer_match.match_cap_percent in fct_employer_match_events",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "pay above the limit of 401(a)(17) in int_employer_core_contributions",
        advice: ADVICE,
    },
    Check {
        unit: Unit::People,
        message: "a deferral rate above deferrals.maximum_rate in int_deferral_rate_state_accumulator",
        advice: ADVICE,
    },
    Check {
        unit: Unit::Events,
        message: "an automatic increase beyond deferral_auto_escalation.maximum_rate, or none, in fct_yearly_events",
        advice: ADVICE,
    },
];
