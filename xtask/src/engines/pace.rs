//! Compares run times of the engines, alternating because a machine's speed drifts within minutes.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::{EnginesArguments, EnginesError, Programs, system};
use crate::simulation::Simulation;

/// Simulated years of each run.
const YEARS: i16 = 5;

/// Alternates runs of both and returns the ratio of prebuilt to source.
pub(super) fn compare(
    programs: &Programs,
    arguments: &EnginesArguments,
    census: &Path,
    folder: &Path,
) -> Result<String, EnginesError> {
    let database = folder.join("pace.duckdb");
    let seconds = |program: &Path| -> Result<f64, EnginesError> {
        let began = Instant::now();
        Simulation { program, years: YEARS, census, scenario: None, database: &database, dbt: None }.run(&[])?;
        let seconds = began.elapsed().as_secs_f64();
        fs::remove_file(&database).map_err(system("remove a database"))?;
        Ok(seconds)
    };
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        times.0.push(seconds(&programs.source)?);
        times.1.push(seconds(&programs.prebuilt)?);
    }
    let ratios = times.0.iter().zip(&times.1).map(|(source, prebuilt)| prebuilt / source).collect();
    Ok(format!(
        "{} people, {YEARS} years, {} rounds: {:.2} s from source, {:.2} s prebuilt, ratio {:.2} (medians)",
        arguments.employees,
        arguments.rounds,
        median(times.0),
        median(times.1),
        median(ratios),
    ))
}

/// Returns the median, or NaN for no values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => f64::NAN,
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
