//! `contribution_limits`: no IRS or plan limit is exceeded, not even by a cent.

use std::sync::Arc;

use planalign_config::{DatabaseError, Rate, Row, Tables, Value};

use crate::counts::{Check, Probe, Unit, cannot_run, count, found};
use crate::rule::{CheckError, Finding, Rule};
use crate::settings::RuleSettings;

/// Recomputes the limits from the seed of published limits (or `int_irs_limits` for later years) and dates of birth.
///
/// Covers IRC 402(g) with 414(v) catch-up by age on Dec 31, 401(a)(17) for pay that employer contributions are based on, the
/// plan's cap on deferrals, the match cap, and the maximum rate of automatic increases.
#[derive(Clone, Debug)]
pub struct ContributionLimitsRule(pub(super) Arc<RuleSettings>);

impl Rule for ContributionLimitsRule {
    fn name(&self) -> &'static str {
        "contribution_limits"
    }

    fn check(&self, year: i32, tables: &dyn Tables) -> Result<Vec<Finding>, CheckError> {
        let probe = Probe::new(self.name(), year, tables);
        let used = probe.rows(USED_LIMITS)?;
        let published = probe.rows(PUBLISHED_LIMITS)?;
        let (used, published) = match (&used.rows[..], &published.rows[..]) {
            ([used], []) => (used, None),
            ([used], [published]) => (used, Some(published)),
            _ => return Err(cannot_run("`int_irs_limits` doesn't have exactly one row for the year")),
        };
        let limits = limits(published, used)?;
        if limits.iter().any(|(_, limit)| *limit == Value::Null) {
            return Err(cannot_run("`int_irs_limits` is missing a limit"));
        }
        let differs = Value::from(i32::from(published.is_some_and(|published| published != used)));
        let differs = Row::from_iter([(LIMITS_CHECK.column, differs)]);
        let mut findings = found(&probe, &differs, &[LIMITS_CHECK], &str::to_owned)?;
        let filled = |sql: &str| with_limits(&with_settings(sql, &self.0), &limits);
        let counts = probe.added_up(&filled(COUNTS))?;
        if count(&counts, "looked_at")? == 0 {
            return Err(cannot_run("`int_employee_contributions` has no rows for the year"));
        }
        findings.extend(found(&probe, &counts, CHECKS, &filled)?);
        Ok(findings)
    }
}

/// Returns the limits by name: as published, or otherwise as used.
fn limits(published: Option<&Row>, used: &Row) -> Result<Vec<(&'static str, Value)>, DatabaseError> {
    let limit = |name| match published.map(|published| published.value(name)).transpose()? {
        None | Some(Value::Null) => Ok((name, used.value(name)?.clone())),
        Some(published) => Ok((name, published.clone())),
    };
    ["deferral_limit", "catch_up_limit", "super_catch_up_limit", "compensation_limit"].into_iter().map(limit).collect()
}

fn with_settings(sql: &str, settings: &RuleSettings) -> String {
    // Null: without a match cap, no match exceeds it.
    let match_cap = settings.match_cap.map_or_else(|| "null".to_owned(), Rate::shortest);
    // Without trailing zeros: the engine multiplies by short decimals in a fraction of the time.
    sql.replace("{maximum_rate}", &settings.maximum_deferral_rate.shortest())
        .replace("{maximum_escalated}", &settings.maximum_escalated_rate.shortest())
        .replace("{catch_up}", &settings.catch_up.to_string())
        .replace("{super_catch_up}", &settings.super_catch_up.to_string())
        .replace("{match_cap}", &match_cap)
}

/// Inserts the limits as literals: the engine plans a query without the join in a fraction of the time.
fn with_limits(sql: &str, limits: &[(&str, Value)]) -> String {
    let limits = limits.iter();
    limits.fold(sql.to_owned(), |sql, (name, limit)| sql.replace(&format!("{{{name}}}"), &limit.to_string()))
}

/// Two queries, since the engine would take longer to plan their join.
const USED_LIMITS: &str = "
    select
        deferral_limit::decimal(12, 2) as deferral_limit,
        catch_up_limit::decimal(12, 2) as catch_up_limit,
        super_catch_up_limit::decimal(12, 2) as super_catch_up_limit,
        compensation_limit::decimal(12, 2) as compensation_limit
    from int_irs_limits
    where simulation_year = $1";

const PUBLISHED_LIMITS: &str = "
    select
        deferral_limit::decimal(12, 2) as deferral_limit,
        catch_up_limit::decimal(12, 2) as catch_up_limit,
        super_catch_up_limit::decimal(12, 2) as super_catch_up_limit,
        compensation_limit::decimal(12, 2) as compensation_limit
    from config_irs_limits
    where limit_year = $1";

/// One row per table, to be added up: a union needs no join planning. Amounts are compared as decimals, which the engine doesn't
/// have to convert first.
const COUNTS: &str = "
    select
        count(*) as looked_at,
        count(*) filter (regular_deferrals > {deferral_limit}) as above_402g,
        null as above_catch_up,
        count(*) filter (annual_contribution_amount != regular_deferrals + catch_up_deferrals) as not_added_up,
        -- Pay and deferrals are rounded to the cent, so each may be off by half a cent.
        count(*) filter (annual_contribution_amount - 0.005 > (prorated_annual_compensation + 0.005) * {maximum_rate}) as above_plan_cap,
        null as match_pay, null as match_cap, null as core_pay, null as rate, null as increase
    from int_employee_contributions
    where simulation_year = $1
    union all by name
    select count(*) filter (annual_contribution_amount > {deferral_limit} + case
            when {catch_up} and {super_catch_up} and $1 - year(employee_birth_date) between 60 and 63 then {super_catch_up_limit}
            when {catch_up} and $1 - year(employee_birth_date) >= 50 then {catch_up_limit}
            else 0
        end) as above_catch_up
    from (
        select employee_id, annual_contribution_amount
        from int_employee_contributions
        where simulation_year = $1
            and annual_contribution_amount > {deferral_limit}
    ) as high
    left join (
        select employee_id, employee_birth_date
        from int_workforce_state
        where simulation_year = $1
    ) as people on high.employee_id = people.employee_id
    union all by name
    select
        count(*) filter (eligible_compensation > {compensation_limit}) as match_pay,
        count(*) filter (amount - 0.005 > eligible_compensation * {match_cap}) as match_cap
    from fct_employer_match_events
    where simulation_year = $1
    union all by name
    select count(*) filter (eligible_compensation > {compensation_limit}) as core_pay
    from int_employer_core_contributions
    where simulation_year = $1
    union all by name
    select count(*) filter (current_deferral_rate > {maximum_rate}) as rate
    from int_deferral_rate_state_accumulator
    where simulation_year = $1
    union all by name
    select count(*) filter (
            employee_deferral_rate > {maximum_escalated} or employee_deferral_rate <= prev_employee_deferral_rate
        ) as increase
    from fct_yearly_events
    where simulation_year = $1 and event_type = 'deferral_escalation'";

const ADVICE: &str =
    "likely a bug in the models, or rows edited by hand: restore the prior year's last checkpoint and rerun this year";

const LIMITS_CHECK: Check = Check {
    column: "differs",
    unit: Unit::Rows,
    message: "`int_irs_limits` differs from the published limits in `config_irs_limits`",
    advice: "rebuild the seeds and model `int_irs_limits`",
    rows: "from config_irs_limits where limit_year = $1",
};

const CHECKS: &[Check] = &[
    Check {
        column: "above_402g",
        unit: Unit::People,
        message: "regular deferrals above the 402(g) limit in `int_employee_contributions`",
        advice: ADVICE,
        rows: "from int_employee_contributions where simulation_year = $1 and regular_deferrals > {deferral_limit}",
    },
    Check {
        column: "above_catch_up",
        unit: Unit::People,
        message: "deferrals above the 402(g) limit plus 414(v) catch-up for age on Dec 31 in `int_employee_contributions`",
        advice: ADVICE,
        rows: "select paid.* from int_employee_contributions as paid
            left join int_workforce_state as people using (simulation_year, employee_id)
            where simulation_year = $1 and annual_contribution_amount > {deferral_limit} + case
                when {catch_up} and {super_catch_up} and $1 - year(employee_birth_date) between 60 and 63 then {super_catch_up_limit}
                when {catch_up} and $1 - year(employee_birth_date) >= 50 then {catch_up_limit}
                else 0
            end",
    },
    Check {
        column: "not_added_up",
        unit: Unit::People,
        message: "regular and catch-up deferrals don't add up in `int_employee_contributions`",
        advice: ADVICE,
        rows: "from int_employee_contributions where simulation_year = $1 and annual_contribution_amount != regular_deferrals + catch_up_deferrals",
    },
    Check {
        column: "above_plan_cap",
        unit: Unit::People,
        message: "deferrals above `deferrals.maximum_rate` of pay in `int_employee_contributions`",
        advice: ADVICE,
        rows: "from int_employee_contributions where simulation_year = $1
            and annual_contribution_amount - 0.005 > (prorated_annual_compensation + 0.005) * {maximum_rate}",
    },
    Check {
        column: "match_pay",
        unit: Unit::People,
        message: "eligible pay above the 401(a)(17) limit in `fct_employer_match_events`",
        advice: ADVICE,
        rows: "from fct_employer_match_events where simulation_year = $1 and eligible_compensation > {compensation_limit}",
    },
    Check {
        column: "match_cap",
        unit: Unit::People,
        message: "match above `employer_match.match_cap_percent` in `fct_employer_match_events`",
        advice: ADVICE,
        rows: "from fct_employer_match_events where simulation_year = $1
            and amount - 0.005 > eligible_compensation * {match_cap}",
    },
    Check {
        column: "core_pay",
        unit: Unit::People,
        message: "eligible pay above the 401(a)(17) limit in `int_employer_core_contributions`",
        advice: ADVICE,
        rows: "from int_employer_core_contributions where simulation_year = $1 and eligible_compensation > {compensation_limit}",
    },
    Check {
        column: "rate",
        unit: Unit::People,
        message: "deferral rate above `deferrals.maximum_rate` in `int_deferral_rate_state_accumulator`",
        advice: ADVICE,
        rows: "from int_deferral_rate_state_accumulator where simulation_year = $1
            and current_deferral_rate > {maximum_rate}",
    },
    Check {
        column: "increase",
        unit: Unit::Events,
        message: "automatic increase above `deferral_auto_escalation.maximum_rate`, or not an increase, in `fct_yearly_events`",
        advice: ADVICE,
        rows: "from fct_yearly_events where simulation_year = $1 and event_type = 'deferral_escalation' and (
                employee_deferral_rate > {maximum_escalated} or employee_deferral_rate <= prev_employee_deferral_rate)",
    },
];
