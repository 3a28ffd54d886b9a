//! Compares the cost of two match caps in the first year, without the command line.

use std::error::Error;

use planalign::{SimulationConfig, rate};

fn main() -> Result<(), Box<dyn Error>> {
    let base = planalign::load_simulation_config("config/simulation_config.yaml")?;
    let mut costs = Vec::new();
    for cap in [rate!(0.02), rate!(0.04)] {
        let mut config = base.clone();
        config.employer_match.match_cap_percent = Some(cap);
        costs.push(cost(config, &format!("cap_{cap}"))?);
    }
    println!("a cap of 2% costs {}, one of 4% {}", costs[0].grouped(), costs[1].grouped());
    assert!(costs[0] < costs[1]);
    Ok(())
}

/// Simulates the first year and returns the match.
fn cost(config: SimulationConfig, name: &str) -> Result<planalign::planalign_reporting::Money, planalign::Error> {
    let year = config.simulation.start_year;
    let mut orchestrator = planalign::orchestrator(config)
        .database(format!("{name}.duckdb"))
        .reports(format!("reports/{name}"))
        .replace_existing()
        .build()?;
    let summary = orchestrator.execute_multi_year_simulation(year..=year)?;
    Ok(summary.overall.employer_match)
}
