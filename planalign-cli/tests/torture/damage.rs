//! Changed rows, truncated logs, and flipped bits are either reported by name or don't affect the results.

use std::fs::{self, OpenOptions};
use std::path::Path;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::sandbox::{CommandOutput, captured, differences};
use crate::trial::Trial;

/// Exit codes allowed for a damaged file: corrupt, unreadable, or not a database.
const REPORTED: [i32; 3] = [6, 7, 8];

pub(crate) fn run(trial: &Trial, first_seed: u64, cases: u64) {
    if cases == 0 {
        return;
    }
    rows(trial);
    let mut harmless = 0;
    for seed in first_seed..first_seed + cases {
        harmless += u64::from(is_harmless(trial, seed));
    }
    println!("damage: {cases} truncations and bit flips, {harmless} of them harmless and the others reported");
    let logs = cases.div_ceil(3);
    for seed in first_seed..first_seed + logs {
        truncate_log(trial, seed);
    }
    println!("damage: {logs} truncated logs, no results changed");
}

fn verify(trial: &Trial, database: &str) -> CommandOutput {
    let output = trial.sandbox.command(&["checkpoint", "verify", "--database", database, "--format", "json"]).output();
    captured(&output.expect("run planalign"))
}

/// Removes, duplicates, or changes a row of every table in a checkpoint.
fn rows(trial: &Trial) {
    let database = "rows.duckdb";
    let listed = trial
        .sandbox
        .command(&["checkpoint", "list", "--database", "uninterrupted.duckdb", "--format", "json"])
        .output();
    let listed: Value = serde_json::from_str(&captured(&listed.expect("run planalign")).stdout).expect("JSON");
    let mut damages = 0;
    for checkpoint in listed.as_array().expect("list") {
        let states = checkpoint["state"].as_array().into_iter().flatten();
        let registries = checkpoint["registries"].as_array().into_iter().flatten().map(|registry| &registry["state"]);
        for state in states.chain(registries).filter(|state| state["rows"].as_u64() > Some(0)) {
            let table = state["relation"].as_str().expect("table name");
            let filter =
                state["year"].as_i64().map_or_else(String::new, |year| format!("simulation_year = {year} and "));
            let row = format!("{filter}rowid = (select max(rowid) from {table} where {filter}true)");
            let changed = format!("update {table} set {} where {row}", assignment(trial, table));
            for sql in [
                format!("delete from {table} where {row}"),
                format!("insert into {table} from {table} where {row}"),
                changed,
            ] {
                trial.copy_uninterrupted(database);
                trial.sandbox.tamper(database, &sql);
                let reported = verify(trial, database);
                assert_eq!(reported.code, 6, "{sql}: {}{}", reported.stdout, reported.stderr);
                let name = table.rsplit('.').next().unwrap_or(table).trim_end_matches("_registry");
                assert!(reported.stdout.contains(name), "{sql}: {}", reported.stdout);
                damages += 1;
            }
        }
    }
    trial.remove(database);
    println!("damage: {damages} removed, duplicated, or changed rows, each reported with its table");
}

/// Returns an assignment that changes the last flag, date, text, or number of a row; its keys come first.
fn assignment(trial: &Trial, table: &str) -> String {
    let (schema, name) = table.split_once('.').unwrap_or(("main", table));
    let sql = "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ?
        and column_name <> 'simulation_year' order by column_index";
    let columns =
        trial.sandbox.open("uninterrupted.duckdb").query(sql, &[schema.into(), name.into()]).expect("columns").rows;
    let mut changes = columns.iter().filter_map(|row| {
        let text = |column| row.text(column).expect("column");
        let (column, data_type) = (text("column_name")?, text("data_type")?);
        match data_type.as_str() {
            "BOOLEAN" => Some(format!("\"{column}\" = not coalesce(\"{column}\", false)")),
            "DATE" => Some(format!("\"{column}\" = coalesce(\"{column}\", date '2025-01-01') + 1")),
            "VARCHAR" => Some(format!("\"{column}\" = coalesce(\"{column}\", '') || 'x'")),
            text if text.contains("INT") || text.starts_with("DECIMAL") => {
                Some(format!("\"{column}\" = case \"{column}\" when 0 then 1 else 0 end"))
            }
            _ => None,
        }
    });
    changes.next_back().expect("changeable column")
}

/// Truncates the file or flips a bit in it. Returns whether the damage is harmless: nothing is reported, and no table differs.
fn is_harmless(trial: &Trial, seed: u64) -> bool {
    let case = format!("--seed {seed} --damages 1");
    let database = "damaged.duckdb";
    let path = trial.copy_uninterrupted(database);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let length = fs::metadata(&path).expect("file size").len();
    if seed.is_multiple_of(3) {
        truncate(&path, rng.random_range(0..length));
    } else {
        flip(&path, rng.random_range(0..length), rng.random_range(0..8));
    }
    let reported = verify(trial, database);
    let status = captured(&trial.sandbox.command(&["status", "--database", database]).output().expect("run planalign"));
    let resumed = captured(&trial.command(database, true, None).output().expect("run planalign"));
    for output in [&reported, &status, &resumed] {
        let is_expected = output.code == 0 || REPORTED.contains(&output.code);
        assert!(is_expected, "{case}: exit code {}: {}{}", output.code, output.stdout, output.stderr);
        assert!(!output.stderr.contains("panicked"), "{case}: {}", output.stderr);
    }
    let harmless = reported.code == 0 && resumed.code == 0;
    if resumed.code == 0 {
        let different = differences(&trial.sandbox.path("uninterrupted.duckdb"), &path);
        assert_eq!(different, Vec::<String>::new(), "{case}: tables differ after resuming");
    }
    trial.remove(database);
    harmless
}

/// Truncates the log of a killed run at a random position. Lost stages rerun.
fn truncate_log(trial: &Trial, seed: u64) {
    let case = format!("truncated log, --seed {seed}");
    let database = "truncated.duckdb";
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let failpoint = format!("committed@{}=kill", rng.random_range(2..=4));
    trial.command(database, false, Some(&failpoint)).output().expect("run planalign");
    let log = trial.sandbox.path(&format!("{database}.wal"));
    let length = fs::metadata(&log).expect("log size").len();
    truncate(&log, rng.random_range(0..length));
    let resumed = captured(&trial.command(database, true, None).output().expect("run planalign"));
    match resumed.code {
        0 => {}
        // The run itself is lost; its mirror reports that, if there is one.
        6 if resumed.stderr.contains("is no longer in the database") => trial.remove(database),
        2 if resumed.stderr.contains("no run to resume") => {}
        code => panic!("{case}: exit code {code}: {}", resumed.stderr),
    }
    trial.finish(database, &case);
}

fn truncate(path: &Path, length: u64) {
    OpenOptions::new().write(true).open(path).expect("open").set_len(length).expect("truncate");
}

fn flip(path: &Path, at: u64, bit: u32) {
    let mut bytes = fs::read(path).expect("read");
    let at = usize::try_from(at).expect("offset");
    bytes[at] ^= 1 << bit;
    fs::write(path, bytes).expect("write");
}
