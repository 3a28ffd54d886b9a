//! Keys of the scenario, the workforce, pay and new hires.

use super::{Key, kept, percent, refused, renamed};

pub(super) const KEYS: &[Key] = &[
    kept("scenario_id", "required here; there is no `default`"),
    kept("plan_design_id", "required here; there is no `default`"),
    kept("simulation.start_year", "from 2024, the first year with limits of the tax code"),
    kept("simulation.end_year", "not before the start year"),
    kept("simulation.random_seed", "here of every draw, those of enrollment among them"),
    kept("simulation.target_growth_rate", ""),
    kept("workforce.total_termination_rate", ""),
    kept("workforce.new_hire_termination_rate", "at most 0.999"),
    kept("workforce.part_time_new_hire_pct", ""),
    kept("compensation.cola_rate", ""),
    kept("compensation.merit_budget", "the money for merit raises as a share of opening payroll, met exactly"),
    renamed(
        "compensation.promotion_increase",
        "compensation.promotion_compensation.base_increase_pct",
        "PlanAlign Engine 2 reads it only where it is not 0.125",
    ),
    refused(
        "compensation.promotion_budget",
        "PlanAlign Engine 2 does not read it either; promotions cost what their rates and increases make of them",
    ),
    renamed(
        "compensation.promotion_distribution_range",
        "compensation.promotion_compensation.distribution_range",
        "PlanAlign Engine 2 reads it only where it is not 0.05",
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
        "PlanAlign Engine 2 does not read it either; increases by level are `level_overrides`",
    ),
    refused(
        "compensation.promotion_compensation.advanced.*",
        "the settings of promotions stand in `compensation.promotion_compensation` itself",
    ),
    percent("compensation.cola_rate_percent", "compensation.cola_rate"),
    percent("compensation.merit_budget_percent", "compensation.merit_budget"),
    percent("compensation.promotion_increase_percent", "compensation.promotion_compensation.base_increase_pct"),
    percent(
        "compensation.promotion_distribution_range_percent",
        "compensation.promotion_compensation.distribution_range",
    ),
    refused("compensation.*_percent", "rates are shares, with one key each: leave out `_percent`, and 2.5 is 0.025"),
    kept("new_hire.age_distribution", ""),
    kept("new_hire.job_level_compensation", "in whole dollars"),
    kept("new_hire.market_scenario", ""),
    refused(
        "new_hire.level_market_adjustments",
        "PlanAlign Engine 2 does not read it either; `new_hire.job_level_compensation` sets what a level is paid",
    ),
    refused(
        "new_hire_compensation.*",
        "PlanAlign Engine 2 does not read it either; `new_hire.job_level_compensation` sets what a level is paid",
    ),
    refused(
        "employee_id_generation.*",
        "PlanAlign Engine 2 does not read it either; new hires are `NH_`, the year and a number",
    ),
    refused(
        "raise_timing.*",
        "PlanAlign Engine 2 does not read it either; `compensation.raise_timing` sets the days of raises",
    ),
    refused(
        "raise_timing_*",
        "no file of PlanAlign Engine 2 sets this variable either; `compensation.raise_timing` sets the days of raises",
    ),
];
