//! Replays a finished simulation from the census and the events, by other means than the models, and checks that everything in
//! the database comes out the same, to the cent and to the day.

mod calendar;
mod census;
mod closing;
mod earnings;
mod employer;
mod findings;
mod headcount;
mod limits;
mod money;
mod participation;
mod pay;
mod person;
mod person_year;
mod plan_entry;
mod probabilities;
mod records;
mod settings;
mod simulation;
mod tables;
mod year;

use std::collections::BTreeSet;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use self::settings::Settings;
use crate::sandbox::{Sandbox, census};

/// Simulates the census with these changes to the default settings, and replays the result; returns the kinds of events.
fn replayed(census_csv: &str, changes: &Value) -> BTreeSet<String> {
    let settings = Settings::with(changes);
    let years = format!("{}-{}", settings.simulation.start_year, settings.simulation.end_year);
    let sandbox = Sandbox::new(1);
    sandbox.write("census.csv", census_csv);
    // JSON is YAML.
    sandbox.write("scenario.yaml", &changes.to_string());
    let database = "replayed.duckdb";
    sandbox.simulated(&[&years, "--database", database, "--scenario", "scenario.yaml", "--progress", "none"]);
    simulation::check(&sandbox.open(database), census_csv, &settings)
}

#[test]
fn default_settings() {
    let kinds = replayed(&census(500, 1), &json!({}));
    let all = [
        "auto_enrollment",
        "deferral_escalation",
        "eligibility",
        "enrollment_opt_out",
        "hire",
        "new_hire_termination",
        "promotion",
        "raise",
        "termination",
        "voluntary_enrollment",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn no_growth() {
    replayed(&census(300, 2), &json!({"simulation": {"target_growth_rate": 0, "end_year": 2028}}));
}

#[test]
fn a_reduction_in_force() {
    let changes = json!({
        "simulation": {"target_growth_rate": -0.25, "end_year": 2028},
        "compensation": {"merit_budget": null},
        "employer_match": {"match_cap_percent": null},
    });
    let kinds = replayed(&census(300, 3), &changes);
    assert!(!kinds.contains("hire"), "{kinds:?}");
}

#[test]
fn quarterly_entry_after_three_months() {
    let changes = json!({
        "simulation": {"end_year": 2028},
        "plan_eligibility": {"waiting_period_months": 3, "entry_dates": "quarterly", "minimum_hours_annual": 1000},
        "hiring": {"monthly_shares": [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.03, 0.02]},
        "workforce": {"part_time_new_hire_pct": 0.3},
    });
    replayed(&census(300, 4), &changes);
}

#[test]
fn raises_by_month() {
    let changes = json!({
        "simulation": {"end_year": 2028},
        "compensation": {"raise_timing": {"method": "monthly_shares"}, "promotion_day": "06-30"},
        "deferral_auto_escalation": {"effective_day": "03-15", "first_escalation_delay_years": 0},
    });
    replayed(&census(300, 5), &changes);
}

#[test]
fn capped_promotions_on_the_day_of_raises() {
    let changes = json!({
        "simulation": {"end_year": 2027},
        "compensation": {
            "raise_timing": {"day": "07-15"},
            "promotion_day": "07-15",
            "promotion_rate_multiplier": 5,
            "promotion_compensation": {"max_cap_amount": 9000},
        },
    });
    replayed(&census(300, 10), &changes);
}

#[test]
fn more_known_terminations_than_the_rate() {
    let terminate = |(i, line): (usize, &str)| {
        if (1..=60).contains(&i) { line.replacen(",,", ",2025-08-15,", 1) } else { line.to_owned() }
    };
    let people: Vec<String> = census(200, 11).lines().enumerate().map(terminate).collect();
    replayed(&people.join("\n"), &json!({"simulation": {"end_year": 2026}}));
}

#[test]
fn match_on_pay_since_entry() {
    let changes = json!({
        "simulation": {"end_year": 2028},
        "plan_eligibility": {"waiting_period_days": 90, "entry_dates": "monthly"},
        "employer_match": {
            "compensation": "from_entry",
            "match_catch_up": false,
            "tiers": [{"up_to": 0.02, "rate": 1.0}, {"up_to": 0.06, "rate": 0.5}, {"up_to": 0.08, "rate": 0.25}],
            "match_cap_percent": 0.04,
            "eligibility": {"minimum_hours_annual": 0, "require_active_at_year_end": false},
        },
        "deferrals": {"super_catch_up": false},
    });
    replayed(&census(300, 6), &changes);
}

#[test]
fn no_automatic_enrollment() {
    let changes = json!({
        "simulation": {"end_year": 2028},
        "enrollment": {"auto_enrollment": {"enabled": false}},
        "deferral_auto_escalation": {"enabled": false},
        "deferrals": {"catch_up": false},
        "irs_limits": {"index_rate": 0.07},
        "employer_core_contribution": {"eligibility": {"allow_new_hires": true, "allow_experienced_terminations": true}},
    });
    let kinds = replayed(&census(300, 7), &changes);
    assert!(!kinds.contains("auto_enrollment") && !kinds.contains("deferral_escalation"), "{kinds:?}");
}

#[test]
fn many_opt_out() {
    let changes = json!({
        "simulation": {"end_year": 2028},
        "enrollment": {
            "auto_enrollment": {"window_days": 80, "opt_out_grace_period": 60, "opt_out_rates": {"target": 0.6}},
            "voluntary_enrollment": {"voluntary_enrollment_rate": 0.3},
        },
        "employer_match": {"active_formula": "none"},
    });
    replayed(&census(300, 8), &changes);
}

/// People born and hired on leap days, a known termination, part-timers, one who defers before entry, and invalid rows.
const EDGE_CASES: &str = "\
LEAP,1992-02-29,2016-02-29,,64000.00,3,40,,
SIXTY,1964-12-31,2001-05-01,,400000.00,25,40,true,
FIFTY,1976-12-31,2001-05-01,,390000.05,12,40,,
KNOWN,1980-04-04,2010-10-10,2026-05-05,71000.10,6,40,,
SOON,1981-04-04,2024-10-10,2025-01-01,72000.10,6,40,,
LATER,1982-04-04,2012-10-10,2031-06-30,73000.10,0,40,,
LONG,1983-04-04,2024-02-10,,30000.00,0,10,,
SHORT,1984-04-04,2014-10-10,,15000.00,0,8,,
YOUNG,2006-07-07,2024-06-01,,45000.00,4,40,,
EXCLUDED,1985-04-04,2015-10-10,,75000.10,0,40,,false
GONE,1979-04-04,2009-10-10,2024-12-31,70000.10,6,40,,
TWICE,1979-04-04,2009-10-10,,70000.10,6,40,,
TWICE,1979-04-04,2009-10-10,,70000.10,6,40,,
BOTH,1979-04-04,2009-10-10,,70000.10,6,40,,
BOTH,1979-04-04,2009-10-10,,80000.10,6,40,,
NH_2025_000001,1979-04-04,2009-10-10,,70000.10,6,40,,
,1979-04-04,2009-10-10,,70000.10,6,40,,
BAD1,garbage,2009-10-10,,70000.10,6,40,,
BAD2,2009-10-10,2009-10-10,,70000.10,6,40,,
BAD3,1979-04-04,2025-02-01,,70000.10,6,40,,
BAD4,1979-04-04,2009-10-10,,n/a,6,40,,
BAD5,1979-04-04,2009-10-10,,-5,6,40,,
BAD6,1979-04-04,2009-10-10,,,6,40,,
BAD7,1979-04-04,2009-10-10,31.13.2024,70000.10,6,40,,
BAD8,1900-01-01,2009-10-10,,70000.10,6,40,,
BAD9,1979-04-04,2009-10-10,,70000.10,250,40,,
ODD1,1979-04-04,2009-10-10,,70000.10,80,400,,
ODD2,1979-04-04,2009-10-10,,70000.10,,,maybe,perhaps
ODD3,1979-04-04,2009-10-10,,70000.10,,,,false
";

#[test]
fn a_census_of_edge_cases() {
    let changes = json!({
        "simulation": {"end_year": 2028},
        "census": {"max_rejected_share": 1},
        "plan_eligibility": {"waiting_period_months": 12, "minimum_hours_annual": 1000, "entry_dates": "semi_annual"},
    });
    let in_percent = |line: &str| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[5] = cells[5].replace("0.", "");
        cells.join(",")
    };
    let ordinary: Vec<String> = census(150, 9).lines().map(in_percent).collect();
    replayed(&format!("{}\n{EDGE_CASES}", ordinary.join("\n")), &changes);
}

/// Picks one of the values.
fn one<T: Clone>(rng: &mut ChaCha8Rng, values: &[T]) -> T {
    values[rng.random_range(0..values.len())].clone()
}

/// Generates a valid configuration.
fn random_changes(rng: &mut ChaCha8Rng) -> Value {
    let mut share = |max: u32| f64::from(rng.random_range(0..=max)) / 1000.0;
    let [termination, new_hire_termination, part_time, opt_out, voluntary] = [250, 600, 400, 500, 1000].map(&mut share);
    let (first_tier, first_rate, second_rate) = (0.01 + share(40), share(1000), share(1000));
    json!({
        "simulation": {
            "start_year": 2025,
            "end_year": 2027,
            "random_seed": rng.random_range(0..1_000_000),
            "target_growth_rate": f64::from(rng.random_range(-120..=120)) / 1000.0,
        },
        "workforce": {
            "total_termination_rate": termination,
            "new_hire_termination_rate": new_hire_termination,
            "first_full_year_rate": one(rng, &[json!(null), json!(0.4)]),
            "part_time_new_hire_pct": part_time,
        },
        "compensation": {
            "cola_rate": one(rng, &[0.0, 0.0125, 0.03]),
            "merit_budget": one(rng, &[json!(null), json!(0.02), json!(0.04)]),
            "raise_timing": {"day": one(rng, &["01-15", "02-01", "02-28", "12-31"])},
            "promotion_day": one(rng, &["02-01", "02-28", "07-01"]),
        },
        "plan_eligibility": {
            "minimum_age": rng.random_range(18..=21),
            "waiting_period_days": rng.random_range(0..=365),
            "minimum_hours_annual": one(rng, &[0, 500, 1000]),
            "entry_dates": one(rng, &["immediate", "monthly", "quarterly", "semi_annual"]),
        },
        "enrollment": {
            "auto_enrollment": {
                "scope": one(rng, &["all_eligible_employees", "new_hires_only"]),
                "window_days": rng.random_range(0..=90),
                "opt_out_grace_period": rng.random_range(0..=90),
                "opt_out_rates": {"target": opt_out},
            },
            "voluntary_enrollment": {"voluntary_enrollment_rate": voluntary},
        },
        "deferral_auto_escalation": {
            "effective_day": one(rng, &["01-01", "04-01", "12-31"]),
            "increment_amount": one(rng, &[0.005, 0.01, 0.025]),
            "maximum_rate": one(rng, &[0.08, 0.1, 0.15]),
            "first_escalation_delay_years": rng.random_range(0..=2),
        },
        "employer_match": {
            "tiers": [{"up_to": first_tier, "rate": first_rate}, {"up_to": first_tier + 0.03, "rate": second_rate}],
            "match_cap_percent": one(rng, &[json!(null), json!(0.035)]),
            "compensation": one(rng, &["plan_year", "from_entry"]),
            "eligibility": {"minimum_tenure_years": rng.random_range(0..=2)},
        },
        "employer_core_contribution": {"contribution_rate": one(rng, &[0.0, 0.015, 0.04])},
    })
}

#[test]
fn random_settings() {
    for seed in 0..6 {
        let changes = random_changes(&mut ChaCha8Rng::seed_from_u64(seed));
        let outcome = std::panic::catch_unwind(|| replayed(&census(120, 100 + seed), &changes));
        assert!(outcome.is_ok(), "seed {seed}, with {changes}");
    }
}
