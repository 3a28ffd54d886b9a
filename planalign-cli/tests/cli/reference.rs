//! Compares `docs/reference/` with the files of a real run: every field is documented, every documented field exists, and types
//! and units are as documented.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::sandbox::{Sandbox, captured, repository};

/// A rule that always finds something, so that the reports have findings.
const RULES: &str = "
validation:
  rules:
    - { name: raises, severity: warning, sql: \"from fct_yearly_events where simulation_year = {year} and event_type = 'raise'\", max_rows: 0, message: raises }
";

/// The fields on a page, with their types and meanings.
type Documented = BTreeMap<String, (String, String)>;

/// A run that was resumed in its last year.
fn resumed() -> Sandbox {
    let sandbox = Sandbox::new(300);
    sandbox.write("rules.yaml", RULES);
    sandbox.simulated(&["2025", "--scenario", "rules.yaml"]);
    sandbox.simulated(&["2025-2026", "--scenario", "rules.yaml", "--resume"]);
    sandbox
}

fn page(name: &str) -> String {
    fs::read_to_string(repository().join("docs/reference").join(name)).expect("a page")
}

/// The section below a heading.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let after = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}")).1;
    after.split("\n## ").next().unwrap_or_default()
}

/// The rows of a section's table.
fn documented(section: &str) -> Documented {
    let rows = section.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let (kind, meaning) = rest.trim_end_matches(" |").split_once(" | ")?;
        Some((name.to_owned(), (kind.to_owned(), meaning.to_owned())))
    });
    rows.collect()
}

fn json(sandbox: &Sandbox, path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(sandbox.path(path)).expect("a report")).expect("JSON")
}

/// Collects the fields of an object, and nested ones if the page lists them. The keys of other maps come from the data.
fn fields<'v>(object: &'v Value, prefix: &str, documented: &Documented, found: &mut BTreeMap<String, &'v Value>) {
    for (name, value) in object.as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        for (prefix, inner) in [(format!("{name}."), value), (format!("{name}[]."), &value[0])] {
            if documented.keys().any(|field| field.starts_with(&prefix)) {
                fields(inner, &prefix, documented, found);
            }
        }
        found.insert(name, value);
    }
}

/// Returns whether a value has one of the types that a page lists, such as `number or string or null`.
fn has_type(value: &Value, types: &str) -> bool {
    types.split(" or ").any(|name| match name {
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "map" => value.is_object(),
        other => panic!("unknown type {other}"),
    })
}

/// Checks that an object and a table have the same fields, and that the fields have the documented types.
fn check(object: &Value, documented: &Documented) {
    let mut found = BTreeMap::new();
    fields(object, "", documented, &mut found);
    let unknown: Vec<_> = found.keys().filter(|name| !documented.contains_key(*name)).collect();
    // A null has no nested fields.
    let is_in_null = |name: &str| {
        found.iter().any(|(outer, value)| {
            value.is_null() && name.strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let missing: Vec<_> = documented.keys().filter(|name| !found.contains_key(*name) && !is_in_null(name)).collect();
    assert!(
        unknown.is_empty() && missing.is_empty(),
        "not documented: {unknown:?}; documented but missing: {missing:?}"
    );
    for (name, value) in found {
        let types = &documented[&name].0;
        assert!(has_type(value, types), "{name} is {value}, but documented as {types}");
    }
}

#[test]
fn reports_have_the_documented_fields() {
    let sandbox = resumed();
    let page = page("reports.md");
    let year = json(&sandbox, "reports/year_2026.json");
    assert!(year["findings"][0].is_object() && year["provenance"]["resumes"][0].is_object(), "{year}");
    let of_year = documented(section(&page, "`year_<YEAR>.json`"));
    check(&year, &of_year);

    let summary = json(&sandbox, "reports/multi_year_summary_2025_2026.json");
    assert_eq!(summary["years"][1], year);
    check(&summary["overall"], &documented(section(&page, "`multi_year_summary_<START>_<END>.json`")));

    let csv = fs::read_to_string(sandbox.path("reports/multi_year_summary_2025_2026.csv")).expect("a summary");
    let columns = documented(section(&page, "`multi_year_summary_<START>_<END>.csv`"));
    let header: Vec<_> = csv.lines().next().expect("a header").split(',').collect();
    assert!(header.iter().all(|&column| columns.contains_key(column)), "{header:?}");
    assert_eq!(header.len(), columns.len());
}

/// Rates are fractions, and amounts are in dollars: the values match the formulas on the page.
#[test]
fn report_metrics_have_the_documented_units() {
    let sandbox = resumed();
    let page = page("reports.md");
    let documented = documented(section(&page, "`year_<YEAR>.json`"));
    let year = json(&sandbox, "reports/year_2026.json");
    let number =
        |path: &str| year.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_f64).expect("a number");
    let check = |path: &str, formula: &str, expected: f64, tolerance: f64| {
        let meaning = &documented[path].1;
        assert!(meaning.contains(formula), "{path}: {meaning}");
        assert!((number(path) - expected).abs() <= tolerance, "{path} is {}, not {expected}", number(path));
    };
    let (opening, closing) = (number("headcount.opening"), number("headcount.closing"));
    check("headcount.growth", "`closing / opening - 1`", closing / opening - 1.0, 1e-6);
    let (eligible, participating) = (number("participation.eligible"), number("participation.participating"));
    check("participation.participation_rate", "`participating / eligible`", participating / eligible, 1e-6);
    check("pay.average", "Payroll per active employee", number("pay.payroll") / closing, 0.01);
    let total = number("employer.total");
    check("employer.total", "match and core", number("employer.match") + number("employer.core"), 0.001);
    check("employer.share_of_earned", "as a share of pay earned", total / number("pay.earned"), 1e-6);
    let rate = number("participation.average_deferral_rate");
    assert!((0.01..0.25).contains(&rate), "not a fraction: {rate}");
    for line in ["Money and rates are JSON numbers,", "exact to the cent and to the millionth"] {
        assert!(page.contains(line), "{line}");
    }
}

#[test]
fn run_events_have_the_documented_fields() {
    let sandbox = resumed();
    let page = page("run-events.md");
    let every = documented(section(&page, "Every event"));
    let log = captured(&sandbox.command(&["log", "--format", "json"]).output().expect("run planalign"));
    let events: Vec<Value> = log.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().expect("event kind")).collect();
    for event in &events {
        let mut documented = documented(section(&page, event["event"].as_str().expect("event kind")));
        documented.extend(every.clone());
        check(event, &documented);
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert!(kinds.len() >= 12 && kinds.contains(&"finding_reported") && kinds.contains(&"run_resumed"), "{kinds:?}");
}
