//! Formats a measured run as a table of years and stages.

use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{Cell, CellAlignment, Table};

use super::measurement::{Measurement, StageTime};

/// Formats each stage as its time in milliseconds and, after the slash, the part spent on model SQL.
pub(crate) fn render(employees: u32, run: &Measurement) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    let stages = run.stages.iter().map(String::as_str);
    table.set_header(["ms / SQL"].into_iter().chain(stages).chain(["YEAR"]));
    for year in run.years() {
        let stages = run.stages.iter().map(|stage| run.time(year, stage).map(cell).unwrap_or_default());
        let numbers = stages.chain([cell(run.year_time(year))]);
        let cells = numbers.map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
        table.add_row([Cell::new(year)].into_iter().chain(cells));
    }
    let share = |(name, spent): (&&str, &Duration)| {
        format!("\n{name}: {:.3} s, {:.1}% of total", spent.as_secs_f64(), percent(*spent, run.wall))
    };
    let spent: Vec<String> = run.spent.iter().map(share).collect();
    let problems: Vec<String> = run.problems.iter().map(|problem| format!("\nerror: {problem}")).collect();
    format!("{}\n{table}{}{}", summary(employees, run), spent.concat(), problems.concat())
}

fn summary(employees: u32, run: &Measurement) -> String {
    let (stages, outside) = (run.rest_of_stages(), run.outside_stages());
    let memory = run.peak_bytes.map_or("unknown memory".to_owned(), |bytes| format!("{} MB peak", bytes / 1_000_000));
    format!(
        "{employees} employees, {} years: {:.2} s, {memory}\n\
         model SQL {:.2} s, other stage work {:.2} s, outside stages {:.2} s; not model SQL: {:.0}% of total",
        run.years().len(),
        run.wall.as_secs_f64(),
        run.database().as_secs_f64(),
        stages.as_secs_f64(),
        outside.as_secs_f64(),
        percent(stages + outside, run.wall),
    )
}

fn cell(time: StageTime) -> String {
    format!("{} / {}", time.elapsed.as_millis(), time.database.as_millis())
}

/// Returns 0 if the whole is 0.
fn percent(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { 100.0 * part.as_secs_f64() / whole.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_table_of_years_and_stages() {
        let mut run = Measurement::default();
        run.wall = Duration::from_secs(2);
        run.peak_bytes = Some(300_000_000);
        run.observe(r#"{"event":"model_finished","year":2025,"stage":"FOUNDATION","database_us":1600000}"#);
        run.observe(r#"{"event":"stage_finished","year":2025,"stage":"FOUNDATION","elapsed_ms":1700}"#);
        run.observe(r#"{"event":"year_finished","year":2025,"elapsed_ms":1700,"rules_us":50000}"#);
        let expected = "10000 employees, 1 years: 2.00 s, 300 MB peak\n\
                        model SQL 1.60 s, other stage work 0.10 s, outside stages 0.30 s; not model SQL: 20% of total\n\
                        | ms / SQL | FOUNDATION  | YEAR        |\n\
                        |----------|-------------|-------------|\n\
                        | 2025     | 1700 / 1600 | 1700 / 1600 |\n\
                        checkpoints and journal: 0.000 s, 0.0% of total\n\
                        commits: 0.000 s, 0.0% of total\n\
                        registries: 0.000 s, 0.0% of total\n\
                        reports: 0.000 s, 0.0% of total\n\
                        rules: 0.050 s, 2.5% of total";
        assert_eq!(render(10_000, &run), expected);
    }
}
