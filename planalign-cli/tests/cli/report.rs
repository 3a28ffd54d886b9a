//! Rebuilt reports.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::sandbox::{Sandbox, captured};

/// The files in a directory, with their contents.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file")))
        .collect()
}

#[test]
fn rebuilt_reports_are_the_same_to_the_byte() {
    let sandbox = Sandbox::new(300);
    let simulated = sandbox.simulated(&["2025-2027"]);
    let reported = captured(&sandbox.command(&["report", "--reports", "again"]).output().expect("run planalign"));
    assert_eq!((reported.code, reported.stderr.as_str()), (0, ""));
    assert_eq!(reported.stdout, simulated.stdout);
    let again = files(&sandbox.path("again"));
    assert_eq!(
        again.keys().collect::<Vec<_>>(),
        [
            "multi_year_summary_2025_2027.csv",
            "multi_year_summary_2025_2027.json",
            "year_2025.json",
            "year_2026.json",
            "year_2027.json"
        ]
    );
    assert_eq!(again, files(&sandbox.path("reports")));
    let one =
        captured(&sandbox.command(&["report", "--reports", "one", "--year", "2026"]).output().expect("run planalign"));
    assert_eq!(one.code, 0);
    let one = files(&sandbox.path("one"));
    assert_eq!(one.keys().collect::<Vec<_>>(), ["year_2026.json"]);
    assert_eq!(one["year_2026.json"], again["year_2026.json"]);
}

const HEADCOUNT: &str = "title: Staff
sections:
  - metrics: [{metric: opening_headcount, title: At first}, closing_headcount]
";

#[test]
fn a_template_selects_what_is_printed() {
    let sandbox = Sandbox::new(300);
    sandbox.simulated(&["2025-2026"]);
    let template = |text: &str, more: &[&str]| {
        sandbox.write("template.yaml", text);
        let mut command = sandbox.command(&["report", "--template", "template.yaml"]);
        captured(&command.args(more).output().expect("run planalign"))
    };
    let printed = template(HEADCOUNT, &[]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(printed.stdout, @"
    Staff

                                      2025           2026
    At first                           300            309
    Closing headcount                  309            318
    ");
    let printed = template(HEADCOUNT, &["--format", "json"]);
    let mut json: serde_json::Value = serde_json::from_str(&printed.stdout).expect("JSON");
    assert!(json["run_id"].take().is_string());
    insta::assert_snapshot!(json, @r#"{"title":"Staff","run_id":null,"years":[2025,2026],"sections":[{"title":null,"metrics":[{"metric":"opening_headcount","title":"At first","values":[300,309]},{"metric":"closing_headcount","title":"Closing headcount","values":[309,318]}]}]}"#);
    let old = template(&HEADCOUNT.replace("metric", "figure"), &[]);
    assert_eq!((old.code, old.stdout.lines().count()), (0, 5));
    insta::assert_snapshot!(old.stderr, @"
    warning: template.yaml:3:5: `figures` is now `metrics`
    warning: template.yaml:3:16: `figure` is now `metric`
    ");
    let refused = template("sections:\n  - metric: [headcount]", &[]);
    assert_eq!(refused.code, 2);
    insta::assert_snapshot!(sandbox.redact(&refused.stderr), @"
    error: cannot use the template `template.yaml`
      2:5: unknown key `metric`; expected title, metrics
      2:5: `metrics` is missing; expected a list of metric names
    help: docs/reference/reports.md lists the metrics
    ");
    let none = captured(&sandbox.command(&["report", "--template", "none.yaml"]).output().expect("run planalign"));
    assert_eq!(none.code, 2);
    insta::assert_snapshot!(sandbox.redact(&none.stderr), @"
    error: cannot read `none.yaml`
      No such file or directory (os error 2)
    ");
}

#[test]
fn a_report_states_its_provenance() {
    let sandbox = Sandbox::new(300);
    sandbox.simulated(&["2025-2026"]);
    sandbox.simulated(&["2025-2027", "--resume"]);
    let provenance = |year: i32| -> serde_json::Value {
        let text = fs::read_to_string(sandbox.path(&format!("reports/year_{year}.json"))).expect("a report");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["provenance"].take()
    };
    let (first, last) = (provenance(2025), provenance(2027));
    assert_eq!(first["fingerprints"], last["fingerprints"]);
    let kinds: Vec<&String> = first["fingerprints"].as_object().expect("kinds").keys().collect();
    assert_eq!(kinds, ["census", "config", "engine", "model", "program", "seed"]);
    let resumes = |provenance: &serde_json::Value| provenance["resumes"].as_array().map(Vec::len);
    assert_eq!((resumes(&first), resumes(&last)), (Some(0), Some(1)));
    let by = last["resumes"][0]["by"].as_str().expect("caller");
    assert!(by.starts_with("process ") && by.contains(" on "), "{by}");
    let before = files(&sandbox.path("reports"));
    captured(&sandbox.command(&["report"]).output().expect("run planalign"));
    let after = files(&sandbox.path("reports"));
    assert!(before.iter().all(|(name, content)| after.get(name) == Some(content)), "rebuilt reports are the same");
}

#[test]
fn errors_say_why_there_is_no_report() {
    let sandbox = Sandbox::new(300);
    let reported = captured(&sandbox.command(&["report"]).output().expect("run planalign"));
    assert_eq!(reported.code, 2);
    insta::assert_snapshot!(sandbox.redact(&reported.stderr), @"
    error: database `simulation.duckdb` not found
    help: name the file with --database, or run `planalign simulate` first
    ");
    sandbox.simulated(&["2025-2026"]);
    let reported = captured(&sandbox.command(&["report", "--year", "2031"]).output().expect("run planalign"));
    assert_eq!(reported.code, 2);
    insta::assert_snapshot!(sandbox.redact(&reported.stderr), @"
    error: 2031 is not simulated; 2025-2026 are
    help: to see how far the run is, run `planalign status`
          to start one, run `planalign simulate`
    ");
    sandbox.write("file", "");
    let reported = captured(&sandbox.command(&["report", "--reports", "file"]).output().expect("run planalign"));
    assert_eq!(reported.code, 7);
    insta::assert_snapshot!(sandbox.redact(&reported.stderr), @"
    error: cannot write `file/year_2025.json`
      File exists (os error 17)
    help: free up space or allow writing there, or choose another directory with `--reports`, then run `planalign report --reports file`
    ");
    drop(planalign_config::Database::open(
        &sandbox.path("empty.duckdb"),
        &planalign_config::DatabaseOptions::default(),
    ));
    let reported =
        captured(&sandbox.command(&["report", "--database", "empty.duckdb"]).output().expect("run planalign"));
    assert_eq!(reported.code, 2);
    insta::assert_snapshot!(sandbox.redact(&reported.stderr), @"
    error: no simulated years in the database
    help: to see how far the run is, run `planalign status --database empty.duckdb`
          to start one, run `planalign simulate`
    ");
}

#[test]
#[cfg(target_os = "linux")]
fn a_failure_to_print_results_is_an_error() {
    let sandbox = Sandbox::new(20);
    sandbox.simulated(&["2025"]);
    let to = |file: &str| {
        let full = std::fs::OpenOptions::new().write(true).open(file).expect("open");
        captured(&sandbox.command(&["report", "--reports", "again"]).stdout(full).output().expect("run planalign"))
    };
    let full = to("/dev/full");
    assert_eq!(full.code, 7);
    insta::assert_snapshot!(full.stderr, @"
    error: cannot write to stdout
      No space left on device (os error 28)
    ");
    assert_eq!(to("/dev/null").code, 0);
}
