//! Compares runs with one and with two workers.

use std::path::Path;
use std::thread;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::measurement::Measurement;
use super::program::{self, Baseline, Simulation};
use super::{BenchArguments, BenchError, years};

/// Rounds that give a usable median; with large censuses, runs take long and vary less.
const ROUNDS: usize = 20;
const ROUNDS_OF_LARGE: usize = 10;
const LARGE: u32 = 100_000;

/// The parallel-safe stages.
const STAGES: [&str; 2] = ["EVENT_GENERATION", "VALIDATION"];

/// A way to run the simulation.
struct Variant {
    name: &'static str,
    baseline: Option<Baseline>,
    workers: Option<u16>,
}

/// Runs all variants in each round, in another order each time, and returns their times as shares of those with one worker.
pub(super) fn measure(
    arguments: &BenchArguments,
    employees: u32,
    census: &Path,
    folder: &Path,
) -> Result<String, BenchError> {
    let mut variants = vec![
        Variant { name: "1 worker", baseline: None, workers: Some(1) },
        Variant { name: "1 worker again", baseline: None, workers: Some(1) },
        Variant { name: "2 workers", baseline: None, workers: Some(2) },
    ];
    if let Some(program) = &arguments.baseline {
        variants.push(Variant { name: "baseline", baseline: Some(Baseline::find(program)?), workers: None });
    }
    let rounds = arguments.rounds.unwrap_or(if employees < LARGE { ROUNDS } else { ROUNDS_OF_LARGE });
    let run = |variant: &Variant, place: &str| {
        let folder = folder.join(place);
        std::fs::create_dir_all(&folder).map_err(|cause| BenchError::System { what: "create a folder", cause })?;
        let measured = program::run(&Simulation {
            years: years(arguments),
            census: census.to_owned(),
            folder: folder.clone(),
            threads: arguments.threads,
            baseline: variant.baseline.clone(),
            workers: variant.workers,
        });
        std::fs::remove_dir_all(&folder).map_err(|cause| BenchError::System { what: "remove a folder", cause })?;
        measured
    };
    // Fills the caches.
    let alone = run(&variants[0], "alone")?;
    let together: Vec<Measurement> = thread::scope(|scope| {
        let runs = ["left", "right"].map(|place| scope.spawn(|| run(&variants[0], place)));
        runs.into_iter()
            .map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<_, _>>()
    })?;
    let slowdown = median(together.iter().map(|run| ratio(run, &alone, &whole)).collect());
    let mut random = ChaCha8Rng::seed_from_u64(arguments.seed);
    let mut measured: Vec<Vec<Measurement>> = variants.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        let mut order: Vec<usize> = (0..variants.len()).collect();
        order.shuffle(&mut random);
        for variant in order {
            measured[variant].push(run(&variants[variant], "run")?);
        }
    }
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header(["of the time with 1 worker"].into_iter().chain(variants[1..].iter().map(|variant| variant.name)));
    let parts: [Part; 4] = [
        (STAGES[0], |run| run.stage_time(STAGES[0]).as_secs_f64()),
        (STAGES[1], |run| run.stage_time(STAGES[1]).as_secs_f64()),
        ("whole run", whole),
        ("peak memory", |run| run.peak_bytes.unwrap_or_default() as f64),
    ];
    for (name, part) in parts {
        let cells = measured[1..].iter().map(|runs| {
            let mut ratios: Vec<f64> =
                runs.iter().zip(&measured[0]).map(|(run, base)| ratio(run, base, &part)).collect();
            ratios.sort_by(f64::total_cmp);
            let at = |share: usize| ratios[(ratios.len() - 1) * share / 4];
            format!("{:.3} ({:.2} to {:.2})", median(ratios.clone()), at(1), at(3))
        });
        table.add_row([name.to_owned()].into_iter().chain(cells));
    }
    Ok(format!(
        "{employees} people, {rounds} rounds, medians and quartiles; two runs at the same time take {slowdown:.2} times as long as one\n{table}"
    ))
}

/// What is compared, and its value in a run.
type Part = (&'static str, fn(&Measurement) -> f64);

fn whole(run: &Measurement) -> f64 {
    run.wall.as_secs_f64()
}

fn ratio(run: &Measurement, base: &Measurement, part: &dyn Fn(&Measurement) -> f64) -> f64 {
    part(run) / part(base)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_number_of_values_has_a_median() {
        assert_eq!((median(vec![3.0, 1.0, 2.0]), median(vec![4.0, 1.0, 3.0, 2.0])), (2.0, 2.5));
    }
}
