//! Keys for the scenario, the workforce, pay, and new hires.

use super::{Key, kept, percent, refused, renamed};

pub(super) const KEYS: &[Key] = &[
    kept("scenario_id", "required here; there is no `default`"),
    kept("plan_design_id", "required here; there is no `default`"),
    kept("simulation.start_year", "2024, the first year with IRS limits, or later"),
    kept("simulation.end_year", "the start year or later"),
    kept("simulation.random_seed", "used for every draw here, including enrollment"),
    kept("simulation.target_growth_rate", ""),
    kept("workforce.total_termination_rate", ""),
    kept("workforce.new_hire_termination_rate", "at most 0.999"),
    kept("workforce.part_time_new_hire_pct", ""),
    kept("compensation.cola_rate", ""),
    kept("compensation.merit_budget", "merit budget as a share of opening payroll, spent exactly"),
    renamed(
        "compensation.promotion_increase",
        "compensation.promotion_compensation.base_increase_pct",
        "PlanAlign Engine 2 uses it only if it isn't 0.125",
    ),
    refused(
        "compensation.promotion_budget",
        "PlanAlign Engine 2 ignores it too; the cost of promotions follows from their rates and increases",
    ),
    renamed(
        "compensation.promotion_distribution_range",
        "compensation.promotion_compensation.distribution_range",
        "PlanAlign Engine 2 uses it only if it isn't 0.05",
    ),
    kept("compensation.promotion_rate_multiplier", ""),
    kept("compensation.promotion_compensation.base_increase_pct", ""),
    kept("compensation.promotion_compensation.distribution_type", ""),
    kept("compensation.promotion_compensation.distribution_range", ""),
    kept("compensation.promotion_compensation.max_cap_pct", ""),
    kept("compensation.promotion_compensation.max_cap_amount", "in whole dollars"),
    kept("compensation.promotion_compensation.level_overrides", "by level, 1 to 4"),
    renamed(
        "compensation.promotion_compensation.advanced.normal_std_dev",
        "compensation.promotion_compensation.normal_std_dev",
        "",
    ),
    refused(
        "compensation.promotion_compensation.advanced.market_adjustments",
        "PlanAlign Engine 2 ignores it too; use `level_overrides` for increases by level",
    ),
    refused(
        "compensation.promotion_compensation.advanced.*",
        "promotion settings are directly in `compensation.promotion_compensation`",
    ),
    percent("compensation.cola_rate_percent", "compensation.cola_rate"),
    percent("compensation.merit_budget_percent", "compensation.merit_budget"),
    percent("compensation.promotion_increase_percent", "compensation.promotion_compensation.base_increase_pct"),
    percent(
        "compensation.promotion_distribution_range_percent",
        "compensation.promotion_compensation.distribution_range",
    ),
    refused("compensation.*_percent", "rates are fractions, with one key each: drop `_percent`, and 2.5 is 0.025"),
    kept("new_hire.age_distribution", ""),
    kept("new_hire.job_level_compensation", "in whole dollars"),
    kept("new_hire.market_scenario", ""),
    refused(
        "new_hire.level_market_adjustments",
        "PlanAlign Engine 2 ignores it too; `new_hire.job_level_compensation` sets pay by level",
    ),
    refused(
        "new_hire_compensation.*",
        "PlanAlign Engine 2 ignores it too; `new_hire.job_level_compensation` sets pay by level",
    ),
    refused(
        "employee_id_generation.*",
        "PlanAlign Engine 2 ignores it too; IDs of new hires are `NH_`, the year, and a number",
    ),
    refused("raise_timing.*", "PlanAlign Engine 2 ignores it too; `compensation.raise_timing` sets the days of raises"),
    refused(
        "raise_timing_*",
        "no PlanAlign Engine 2 file sets this variable; `compensation.raise_timing` sets the days of raises",
    ),
];
