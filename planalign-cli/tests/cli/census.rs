//! Census files as payroll systems, recordkeepers, and spreadsheets write them: each is read as its note says, or refused with the
//! lines to paste.

use std::fs;
use std::path::{Path, PathBuf};

use planalign_config::census::{Census, PseudonymKey};
use planalign_config::fixed::{Money, Rate};
use planalign_config::settings::{Override, Sources, load};
use planalign_config::{Database, DatabaseOptions};
use serde::Deserialize;

use crate::sandbox::{CommandOutput, Sandbox, captured, repository};

/// What a file imitates, and how it must be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    /// The system or habit that writes such files.
    imitates: String,
    /// Settings, as for `--set`.
    #[serde(default)]
    set: Vec<String>,
    /// Whether a key replaces Social Security numbers.
    #[serde(default)]
    key: bool,
    #[serde(default)]
    accepted: u64,
    #[serde(default)]
    corrected: u64,
    #[serde(default)]
    skipped: u64,
    #[serde(default)]
    rejected: u64,
    /// Sums over the accepted rows, and the earliest dates.
    #[serde(default)]
    pay: Option<Money>,
    #[serde(default)]
    deferral_rates: Option<Rate>,
    #[serde(default)]
    hours: Option<Rate>,
    #[serde(default)]
    first_hired: Option<String>,
    #[serde(default)]
    first_born: Option<String>,
    /// The ID of the first accepted row.
    #[serde(default)]
    first_id: Option<String>,
    /// Parts of what is printed.
    #[serde(default)]
    says: Vec<String>,
}

/// The files and their notes.
fn corpus() -> Vec<(PathBuf, Note)> {
    let folder = repository().join("planalign-cli/tests/census");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension != "json"));
    files.sort();
    let note = |path: &PathBuf| {
        let text = fs::read_to_string(path.with_added_extension("json"))
            .unwrap_or_else(|e| panic!("note of {}: {e}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("note of {}: {e}", path.display()))
    };
    files.iter().map(|path| (path.clone(), note(path))).collect()
}

fn check(sandbox: &Sandbox, file: &Path, note: &Note, more: &[&str]) -> CommandOutput {
    let root = repository();
    let mut command = sandbox.command(&["census", "check"]);
    command
        .arg(file)
        .arg("--project")
        .arg(root.join("dbt"))
        .arg("--config")
        .arg(root.join("config/simulation_config.yaml"));
    for setting in &note.set {
        command.args(["--set", setting]);
    }
    if note.key {
        command.args(["--pseudonym-key", "key"]);
    }
    captured(&command.args(more).output().expect("run planalign"))
}

fn with_key() -> Sandbox {
    let sandbox = Sandbox::new(1);
    sandbox.write("key", "a secret of 25 characters");
    let mut permissions = fs::metadata(sandbox.path("key")).expect("key").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    fs::set_permissions(sandbox.path("key"), permissions).expect("chmod");
    sandbox
}

#[test]
fn census_files_of_many_systems_are_read() {
    let sandbox = with_key();
    let corpus = corpus();
    assert!(corpus.len() >= 24, "{} files", corpus.len());
    for (path, note) in corpus {
        let name = path.file_name().expect("name").to_string_lossy().into_owned();
        assert!(!note.imitates.is_empty(), "{name}");
        let output = check(&sandbox, &path, &note, &[]);
        let is_read = note.accepted > 0 && note.rejected == 0;
        assert_eq!(output.code, if is_read { 0 } else { 3 }, "{name}: {}{}", output.stdout, output.stderr);
        for part in &note.says {
            let said = format!("{}{}", output.stdout, output.stderr);
            assert!(said.contains(part), "{name} doesn't say {part}:\n{said}");
        }
        if note.accepted + note.rejected == 0 {
            continue;
        }
        let json: serde_json::Value =
            serde_json::from_str(&check(&sandbox, &path, &note, &["--format", "json"]).stdout).expect("JSON");
        let counts =
            ["accepted", "corrected", "skipped", "rejected"].map(|kind| json["rows"][kind].as_u64().expect("count"));
        assert_eq!(counts, [note.accepted, note.corrected, note.skipped, note.rejected], "{name}: {}", output.stdout);
        values_are_right(&sandbox, &path, &note);
    }
}

/// Compares the values that the models read with the note.
fn values_are_right(sandbox: &Sandbox, path: &Path, note: &Note) {
    let database = Database::in_memory(&DatabaseOptions::default()).expect("database");
    let key = note.key.then(|| PseudonymKey::read(&sandbox.path("key")).expect("key"));
    let set = note.set.iter().filter_map(|set| set.split_once('='));
    let sources = Sources {
        file: repository().join("config/simulation_config.yaml"),
        overrides: set.map(|(key, value)| Override::new(key, value, "--set")).collect(),
        ..Sources::default()
    };
    let mut settings = load(&sources).expect("settings").settings;
    path.clone_into(&mut settings.census.path);
    let census = Census::read(&settings.census, 2025, key.as_ref(), &database).expect("read");
    let mut rows = csv::Reader::from_reader(&census.canonical[..]);
    let header: Vec<String> = rows.headers().expect("header").iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("row")).collect();
    let column = |name: &str| header.iter().position(|header| header == name).expect("column");
    let is_used = |row: &&csv::StringRecord| {
        &row[column("census_row_is_read")] == "true" && !row[column("census_row_problems")].contains("|rejected|")
    };
    let ended = |row: &&csv::StringRecord| {
        let ended = &row[column("employee_termination_date")];
        ended.is_empty() || ended > "2024-12-31"
    };
    let used: Vec<&csv::StringRecord> = rows.iter().filter(is_used).filter(ended).collect();
    let cells = |name: &str| {
        used.iter().map(|row| row[column(name)].to_owned()).filter(|cell| !cell.is_empty()).collect::<Vec<_>>()
    };
    let sum = |name: &str| cells(name).iter().map(|cell| cell.parse::<Rate>().expect("number").units()).sum::<i128>();
    let place = path.display();
    if let Some(pay) = note.pay {
        assert_eq!(Money::from_units(sum("employee_gross_compensation") / 10_000), pay, "pay in {place}");
    }
    if let Some(rates) = note.deferral_rates {
        assert_eq!(Rate::from_units(sum("employee_deferral_rate")), rates, "deferral rates in {place}");
    }
    if let Some(hours) = note.hours {
        assert_eq!(Rate::from_units(sum("scheduled_hours_per_week")), hours, "hours in {place}");
    }
    let first = |name: &str| cells(name).into_iter().min();
    if note.first_hired.is_some() {
        assert_eq!(first("employee_hire_date"), note.first_hired, "hire dates in {place}");
    }
    if note.first_born.is_some() {
        assert_eq!(first("employee_birth_date"), note.first_born, "birth dates in {place}");
    }
    if note.first_id.is_some() {
        assert_eq!(cells("employee_id").first(), note.first_id.as_ref(), "IDs in {place}");
    }
}

/// Runs a command in a folder without configuration and project.
fn in_empty_folder(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    captured(&sandbox.command(arguments).output().expect("run planalign"))
}

#[test]
fn columns_are_written_to_the_configuration() {
    let sandbox = Sandbox::new(1);
    let file = repository().join("planalign-cli/tests/census/bamboohr.csv");
    let file = file.to_str().expect("UTF-8");
    sandbox.write("settings.yaml", "scenario_id: a\nplan_design_id: b\ncensus:\n  path: x.csv\n  columns:\n    employee_gross_compensation: Pay rate\n");
    let map = in_empty_folder(&sandbox, &["census", "map", file, "--config", "settings.yaml", "--write"]);
    assert_eq!(map.code, 0, "{}", map.stderr);
    assert!(map.stdout.contains("employee_birth_date          a usual header"), "{}", map.stdout);
    assert_eq!(map.stderr, "warning: wrote `census.columns` to `settings.yaml`\n");
    let written = fs::read_to_string(sandbox.path("settings.yaml")).expect("read");
    for line in
        ["  path: x.csv", "    employee_birth_date: \"Birth Date\"", "    employee_gross_compensation: \"Pay rate\""]
    {
        assert!(written.lines().any(|written| written == line), "{line} in {written}");
    }
    let json = in_empty_folder(&sandbox, &["census", "map", file, "--config", "settings.yaml", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert!(json["columns"].as_array().expect("columns").iter().any(|column| column["reason"] == "mapped"), "{json}");

    sandbox.write(
        "braces.yaml",
        "scenario_id: a\nplan_design_id: b\ncensus: { columns: { employee_gross_compensation: Pay rate } }\n",
    );
    let refused = in_empty_folder(&sandbox, &["census", "map", file, "--config", "braces.yaml", "--write"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("whose section `census` is in braces"), "{}", refused.stderr);
    assert!(refused.stderr.contains("employee_birth_date: \"Birth Date\""), "{}", refused.stderr);
}

#[test]
fn a_census_is_checked_without_a_configuration() {
    let sandbox = with_key();
    let folder = repository().join("planalign-cli/tests/census");
    let of = |file: &str| folder.join(file).to_str().expect("UTF-8").to_owned();
    let check = in_empty_folder(&sandbox, &["census", "check", &of("two_sheets.xlsx"), "--sheet", "active"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    for part in ["2 rows, header in row 1", "no configuration file: the default settings apply", "rows weren't checked"]
    {
        assert!(check.stdout.contains(part), "no {part} in {}", check.stdout);
    }
    let questions = in_empty_folder(&sandbox, &["census", "check", &of("ambiguous_dates.csv"), "--format", "json"]);
    assert_eq!(questions.code, 3);
    let json: serde_json::Value = serde_json::from_str(&questions.stdout).expect("JSON");
    assert_eq!(json["questions"][0]["candidates"][0]["lines"][0], "date_formats: {employee_birth_date: us}");

    let only_ssn = of("only_ssn.csv");
    let key = |path: &str| in_empty_folder(&sandbox, &["census", "check", &only_ssn, "--pseudonym-key", path]);
    let missing = key("nowhere");
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.starts_with("error: cannot read the pseudonym key `nowhere`"), "{}", missing.stderr);
    sandbox.write("public", "a secret of 25 characters");
    let mut permissions = fs::metadata(sandbox.path("public")).expect("key").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    fs::set_permissions(sandbox.path("public"), permissions.clone()).expect("chmod");
    assert!(key("public").stderr.contains("help: run `chmod 600 public`"));
    sandbox.write("public", "short");
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    fs::set_permissions(sandbox.path("public"), permissions).expect("chmod");
    assert!(key("public").stderr.contains("has fewer than 16 bytes"));
}

#[test]
fn all_problems_of_rows_are_written_to_a_file() {
    let sandbox = with_key();
    let (path, note) = corpus().into_iter().find(|(path, _)| path.ends_with("page_breaks.csv")).expect("in the corpus");
    let issues = sandbox.path("issues.csv");
    let output = check(&sandbox, &path, &note, &["--issues", issues.to_str().expect("UTF-8")]);
    assert!(output.stdout.contains("all of them are in `"), "{}", output.stdout);
    assert_eq!(
        fs::read_to_string(issues).expect("read"),
        "row,column,problem,action,other_row\n5,employee_id,the header again,left_out,\n8,employee_id,a row of totals,left_out,\n\
         9,employee_id,not a row of a person,left_out,\n"
    );
    let unwritable = check(&sandbox, &path, &note, &["--issues", "no/such/folder/issues.csv"]);
    assert_eq!(unwritable.code, 7, "{}", unwritable.stderr);
}
