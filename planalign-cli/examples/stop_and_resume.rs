//! Stops a run in its second year and resumes it.
//!
//! `cargo run -p planalign-cli --example stop_and_resume`, in the root of the repository.
#![expect(clippy::print_stdout, reason = "examples print their results")]

use planalign::{Error, PipelineError, RunEventKind, StopSignal};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = planalign::load_simulation_config("config/simulation_config.yaml")?;
    let stop = StopSignal::default();
    let mut stopped = planalign::orchestrator(config.clone())
        .database("stopped.duckdb")
        .reports("reports/stopped")
        .replace_existing()
        .stop(stop.clone())
        .on_event(|event, _| {
            if matches!(event.kind, RunEventKind::YearStarted { year: 2026 }) {
                stop.request();
            }
        })
        .build()?;
    match stopped.execute_multi_year_simulation(2025..=2026) {
        Err(Error::Run(PipelineError::Interrupted { after: Some(after) })) => println!("stopped in {}", after.year + 1),
        other => return Err(format!("{other:?}").into()),
    }
    drop(stopped);

    let mut resumed = planalign::orchestrator(config)
        .database("stopped.duckdb")
        .reports("reports/stopped")
        .on_event(|event, _| {
            if let RunEventKind::RunResumed { after: Some(after), .. } = &event.kind {
                println!("resumed in {}", after.year + 1);
            }
        })
        .build()?;
    println!("{}", resumed.resume()?.growth_analysis());
    Ok(())
}
