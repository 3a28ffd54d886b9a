//! Loads a configuration with a scenario and an override, and lists what they change and where each value comes from.

use std::error::Error;

use planalign_config::rate;
use planalign_config::settings::{Origin, Override, Sources, load};

fn main() -> Result<(), Box<dyn Error>> {
    let mut sources = Sources {
        file: "config/simulation_config.yaml".into(),
        scenario: Some("config/scenarios/generous_match.yaml".into()),
        overrides: vec![Override::new("simulation.target_growth_rate", "0.05", "--growth")],
        ..Sources::default()
    };
    let loaded = load(&sources)?;
    let changed: Vec<_> = loaded
        .origins
        .iter()
        .filter(|(.., origin)| matches!(origin, Origin::Scenario(..) | Origin::CommandLine(_)))
        .collect();
    for (key, value, origin) in &changed {
        println!("{key}: {value} ({origin})");
    }
    assert!(changed.iter().any(|(key, ..)| *key == "employer_match.match_cap_percent"));
    assert_eq!(loaded.settings.simulation.target_growth_rate, rate!(0.05));

    // A typo is an error that suggests the intended setting.
    sources.overrides = vec![Override::new("simulation.target_growth", "0.05", "--growth")];
    let error = load(&sources).expect_err("there is no such setting").to_string();
    println!("{error}");
    assert!(error.contains("target_growth_rate"));
    Ok(())
}
