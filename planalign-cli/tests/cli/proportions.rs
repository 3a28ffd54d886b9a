//! The numbers of people match the probabilities and shares in the settings.

use planalign_config::Database;
use serde_json::{Value, json};

use crate::sandbox::{HEADER, Sandbox};

/// The rows of a query of integers.
fn numbers(database: &Database, sql: &str) -> Vec<Vec<i64>> {
    let rows = database.query(sql, &[]).expect("query").rows;
    rows.iter().map(|row| row.values().iter().map(|value| value.integer().expect("a number")).collect()).collect()
}

#[test]
fn terminations_decrease_with_service() {
    let sandbox = Sandbox::new(1);
    // Alike except for their years of service, which have multipliers 1.8 and 0.3.
    let person = |i: usize| {
        let hired = if i.is_multiple_of(2) { "2023-06-01" } else { "2000-06-01" };
        format!("E{i:03},1975-05-05,{hired},,60000.00,0,40,,\n")
    };
    let people: String = (0..400).map(person).collect();
    sandbox.write("census.csv", &format!("{HEADER}\n{people}"));
    sandbox.simulated(&["2025"]);
    let sql = "select count(*) filter (employee_hire_date > '2020-01-01'), count(*) filter (employee_hire_date < '2020-01-01')
        from int_termination_events";
    let terminations = numbers(&sandbox.open("simulation.duckdb"), sql);
    let (recent, long_ago) = (terminations[0][0], terminations[0][1]);
    assert!(recent > 3 * long_ago && long_ago > 0, "{recent} hired recently, {long_ago} hired long ago");
}

#[test]
fn hires_are_split_among_levels_like_the_headcount() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&["2025-2027"]);
    let database = sandbox.open("simulation.duckdb");
    for year in 2025..=2027 {
        let sql = format!(
            "select level_id, count(*), (select count(*) from int_hiring_events as h where h.simulation_year = {year} and h.level_id = o.level_id)
            from int_employee_compensation_by_year as o where simulation_year = {year} group by level_id order by level_id"
        );
        let levels = numbers(&database, &sql);
        let (headcount, hires): (i64, i64) = (levels.iter().map(|l| l[1]).sum(), levels.iter().map(|l| l[2]).sum());
        let mut expected: Vec<i64> = levels.iter().map(|level| hires * level[1] / headcount).collect();
        // The rest goes to the largest remainders; ties go to the lower level.
        let mut by_remainder: Vec<usize> = (0..levels.len()).collect();
        by_remainder.sort_by_key(|&i| (-(hires * levels[i][1] % headcount), i));
        let rest = usize::try_from(hires - expected.iter().sum::<i64>()).expect("a count");
        by_remainder[..rest].iter().for_each(|&i| expected[i] += 1);
        assert!(rest > 0, "{year}: no rest to split");
        assert_eq!(levels.iter().map(|level| level[2]).collect::<Vec<_>>(), expected, "{year}");
    }
}

/// Simulates a year for this many people with these settings.
fn simulated(people: usize, settings: &Value) -> Database {
    let sandbox = Sandbox::new(people);
    sandbox.write("scenario.yaml", &settings.to_string());
    sandbox.simulated(&["2025", "--scenario", "scenario.yaml"]);
    sandbox.open("simulation.duckdb")
}

/// Asserts that this percentage of the rows meets the condition, give or take `tolerance`.
fn check_share(database: &Database, rows: &str, condition: &str, percent: i64, tolerance: i64) {
    let counts = numbers(database, &format!("select count(*) filter ({condition}), count(*) from {rows}"));
    let (part, whole) = (counts[0][0], counts[0][1]);
    assert!(
        (part * 100 - whole * percent).abs() <= whole * tolerance,
        "{condition}: {part} of {whole}, not {percent}%"
    );
}

#[test]
fn hires_match_the_settings() {
    let mut months = [0.05; 12];
    months[0] = 0.45;
    let database = simulated(
        400,
        &json!({
            "simulation": {"target_growth_rate": 1},
            "workforce": {"part_time_new_hire_pct": 0.3},
            "plan_eligibility": {"new_hire_ineligible_pct": 0.2},
            "hiring": {"monthly_shares": months},
        }),
    );
    let hires = "int_hiring_events";
    check_share(&database, hires, "scheduled_hours_per_week = 20", 30, 4);
    check_share(&database, hires, "scheduled_hours_per_week = 40", 70, 4);
    check_share(&database, hires, "is_plan_excluded", 20, 4);
    check_share(&database, hires, "month(effective_date) = 1", 45, 4);
    check_share(&database, hires, "month(effective_date) = 12", 5, 2);
    let age = "date_sub('year', employee_birth_date, effective_date)";
    for (years, percent) in [(22, 5), (25, 15), (28, 20), (32, 25), (35, 15), (40, 10), (45, 8), (50, 2)] {
        check_share(&database, hires, &format!("{age} = {years}"), percent, 4);
    }
}

#[test]
fn pay_of_hires_follows_the_market_within_the_range_of_their_level() {
    let pay = |market: &str, ranges: Value| {
        let new_hire = json!({"market_scenario": market, "job_level_compensation": ranges});
        let database = simulated(400, &json!({"new_hire": new_hire}));
        let sql = "select min(cents), avg(cents)::bigint, max(cents), count(distinct cents), count(*)
            from (select (compensation_amount * 100)::bigint as cents from int_hiring_events where level_id = 1)";
        <[i64; 5]>::try_from(numbers(&database, sql).remove(0)).expect("five numbers")
    };
    let [_, baseline, _, distinct, hires] = pay("baseline", json!([]));
    assert!(distinct * 2 > hires, "{distinct} different amounts for {hires} hires");
    // Hardly anyone is so high in the range that 5% more is outside it.
    let [_, competitive, ..] = pay("competitive", json!([]));
    assert!((1045..=1050).contains(&(competitive * 1000 / baseline)), "{competitive}, up from {baseline}");
    let [min, _, max, ..] =
        pay("aggressive", json!([{"level": 1, "min_compensation": 50000, "max_compensation": 52000}]));
    assert!(min >= 5_000_000 && max <= 5_200_000, "{min} to {max}");
}

#[test]
fn opt_outs_match_the_rate() {
    let all = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!(1.0))).collect::<Value>();
    let settings = json!({
        "enrollment": {
            "voluntary_enrollment": {"enabled": false},
            "auto_enrollment": {"opt_out_rates": {
                "target": 0.4,
                "age_multipliers": all(&["young", "mid_career", "mature", "senior"]),
                "income_multipliers": all(&["low", "moderate", "high", "executive"]),
            }},
        },
    });
    let opted_out = "employee_id in (select employee_id from fct_yearly_events where event_type = 'enrollment_change')";
    // Those who are enrolled late in the year, or leave, have no time to opt out.
    let rows = "(from fct_yearly_events where event_category = 'auto_enrollment' and effective_date < '2025-11-01' and
        employee_id not in (select employee_id from fct_yearly_events where event_type = 'termination'))";
    check_share(&simulated(1000, &settings), rows, opted_out, 40, 5);
}

#[test]
fn voluntary_enrollments_match_the_probability() {
    let same =
        |names: &[&str], rate: f64| names.iter().map(|name| ((*name).to_owned(), json!(rate))).collect::<Value>();
    let settings = json!({
        "enrollment": {
            "auto_enrollment": {"enabled": false},
            "voluntary_enrollment": {
                "voluntary_enrollment_rate": 0.5,
                "base_rates_by_age": same(&["young", "mid_career", "mature", "senior"], 0.6),
                "income_multipliers": same(&["low", "moderate", "high", "executive"], 1.0),
                "job_level_multipliers": same(&["individual", "senior", "manager", "executive"], 1.0),
            },
        },
    });
    let enrolled =
        "employee_id in (select employee_id from fct_yearly_events where event_category = 'voluntary_enrollment')";
    let rows = "(from int_employee_compensation_by_year where not is_enrolled and plan_entry_date < '2025-01-01' and
        employee_id not in (select employee_id from fct_yearly_events where event_type = 'termination'))";
    check_share(&simulated(1000, &settings), rows, enrolled, 30, 5);
}

#[test]
fn promotions_match_the_probability() {
    let database = simulated(2000, &json!({"compensation": {"promotion_rate_multiplier": 3}}));
    let staying = "from int_employee_compensation_by_year where level_id < 5 and employee_hire_date <= '2024-02-01' and
        employee_id not in (select employee_id from fct_yearly_events where event_type = 'termination')";
    let expected = numbers(
        &database,
        &format!("select sum(least(3 * promotion_rate_millionths, 1000000))::bigint // 1000000 {staying}"),
    );
    let promoted =
        format!("select count(*) {staying} and employee_id in (select employee_id from int_promotion_events)");
    let (expected, promoted) = (expected[0][0], numbers(&database, &promoted)[0][0]);
    assert!((promoted - expected).abs() * 5 < expected && expected > 50, "{promoted}, not {expected}");
}

#[test]
fn no_year_repeats_the_draws_of_the_prior_year() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&["2025-2026", "--set", "compensation.raise_timing.method=monthly_shares"]);
    let sql = "select count(*) filter (a.effective_date + interval 1 year = b.effective_date), count(*)
        from fct_yearly_events as a inner join fct_yearly_events as b using (employee_id, event_type)
        where event_type = 'raise' and a.simulation_year = 2025 and b.simulation_year = 2026";
    let raises = numbers(&sandbox.open("simulation.duckdb"), sql);
    assert!(raises[0][0] * 20 < raises[0][1], "{} of {} on the same day", raises[0][0], raises[0][1]);
}
