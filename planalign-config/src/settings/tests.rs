//! The default file and the recorded form of settings.

use super::*;
use crate::settings::layers::load;

fn default_settings() -> SimulationConfig {
    SimulationConfig::default()
}

fn load_default_file() -> LoadedConfig {
    let dir = tempfile::TempDir::new().expect("directory");
    let file = dir.path().join("config.yaml");
    std::fs::write(&file, DEFAULT_CONFIG).expect("file");
    load(&Sources { file, ..Sources::default() }).expect("valid default file")
}

#[test]
fn the_default_file_contains_the_defaults() {
    assert_eq!(load_default_file().settings, default_settings());
}

#[test]
fn the_default_file_shows_every_setting() {
    let loaded = load_default_file();
    let hidden: Vec<&str> =
        loaded.origins.iter().filter(|(_, _, origin)| **origin == Origin::Default).map(|(key, ..)| key).collect();
    assert_eq!(hidden, [""; 0]);
}

#[test]
fn flattened_settings_omit_what_a_run_may_change() {
    let flat = default_settings().flattened();
    assert_eq!(flat["compensation.cola_rate"], 0.02);
    assert_eq!(flat["enrollment.voluntary_enrollment.deferral_rates.senior.high"], 0.12);
    assert_eq!(flat["hiring.level_shares"], serde_json::Value::Null);
    assert_eq!(flat["employer_match.tiers"][1]["up_to"], 0.05);
    assert!(!flat.contains_key("simulation.end_year"));
    assert!(
        !flat
            .keys()
            .any(|key| key.starts_with("optimization.") || key.starts_with("validation.") || key.starts_with("dbt."))
    );
    let mut all = crate::settings::keys::leaves(default_settings().to_tree());
    all.retain(|key, _| {
        key != "simulation.end_year"
            && !key.starts_with("optimization.")
            && !key.starts_with("validation.")
            && !key.starts_with("dbt.")
    });
    assert_eq!(flat, all);
}

#[test]
fn settings_survive_a_round_trip_through_json() {
    let mut settings = default_settings();
    settings.enrollment.auto_enrollment.hire_date_cutoff = Some(jiff::civil::date(2024, 2, 29));
    settings.compensation.promotion_compensation.level_overrides.insert("4".parse().expect("level"), rate!(0.15));
    settings.hiring.level_shares = Some([0.2; 5]);
    let text = serde_json::to_string(&settings).expect("to JSON");
    assert_eq!(serde_json::from_str::<SimulationConfig>(&text).expect("from JSON"), settings);
}

/// Checks a setting's text in the run record and as a dbt variable.
#[track_caller]
fn check_record(text: &str, expect: &str) {
    let key = "compensation.promotion_rate_multiplier";
    let sources = Sources {
        file: concat!(env!("CARGO_MANIFEST_DIR"), "/../config/simulation_config.yaml").into(),
        overrides: vec![Override::new(key, text, "--set")],
        ..Sources::default()
    };
    let settings = load(&sources).expect(text).settings;
    assert_eq!(settings.flattened()[key].to_string(), expect, "{text}");
    let vars = vars::dbt_vars(&settings, 2025, std::path::Path::new("/census.csv"));
    assert_eq!(vars["compensation_promotion_rate_multiplier"].to_string(), expect, "{text}");
    assert_eq!(check(&settings).expect("loaded settings are valid"), settings, "{text}");
}

#[test]
fn numbers_keep_their_recorded_form() {
    let cases = [
        ("0.1", "0.1"),
        ("0.10", "0.1"),
        ("0.000001", "1e-6"),
        ("0", "0.0"),
        ("0.0", "0.0"),
        ("1", "1.0"),
        ("1.0", "1.0"),
        ("1e-3", "0.001"),
        ("1E1", "10.0"),
        (".5", "0.5"),
        ("99.999999", "99.999999"),
        ("12.345678", "12.345678"),
        ("100", "100.0"),
        // As written by a program that computes in doubles.
        ("0.07200000000000001", "0.072"),
    ];
    for (text, expect) in cases {
        check_record(text, expect);
    }
    // A run resumes only if its settings are recorded as before, so this must not change unless a default does.
    let record = default_settings().flattened().into_iter().map(|(key, value)| format!("{key}: {value}"));
    insta::assert_snapshot!(record.collect::<Vec<_>>().join("\n"));
}
