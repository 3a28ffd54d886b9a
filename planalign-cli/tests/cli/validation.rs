//! Configured rules, during a run and after it.

use planalign_config::{Database, DatabaseOptions};

use crate::sandbox::{CommandOutput, Sandbox, captured, census, repository};

/// A rule that always finds something, one that never does, and one that is off.
const RULES: &str = "
validation:
  severity: { hire_termination_ratio: \"off\", snapshot_consistency: warning }
  rules:
    - { name: raises, severity: warning, sql: \"from fct_yearly_events where simulation_year = {year} and event_type = 'raise'\", max_rows: 0, message: raises }
    - { name: many_raises, severity: error, sql: \"from fct_yearly_events where event_type = 'raise'\", max_rows: 1000000, message: raises }
    - { name: idle, severity: \"off\", sql: from nowhere, max_rows: 0, message: nothing }
";

fn validated(sandbox: &Sandbox, arguments: &[&str]) -> CommandOutput {
    let mut command = sandbox.command(&["validate", "--data", "--census", "census.csv"]);
    let root = repository();
    command.arg("--project").arg(root.join("dbt")).arg("--config").arg(root.join("config/simulation_config.yaml"));
    captured(&command.args(arguments).output().expect("run planalign"))
}

/// The output without the run ID.
fn reported(output: &CommandOutput) -> String {
    let lines = output.stdout.lines().map(|line| match line.split_once(": ") {
        Some((run, rest)) if run.starts_with("run ") => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn writable(sandbox: &Sandbox) -> Database {
    Database::open(&sandbox.path("simulation.duckdb"), &DatabaseOptions::default()).expect("open the database")
}

#[test]
fn custom_rules_run_with_the_built_in_ones() {
    let sandbox = Sandbox::new(300);
    sandbox.write("rules.yaml", RULES);
    let plan = sandbox.simulated(&["2025-2026", "--scenario", "rules.yaml", "--dry-run"]);
    let rules: Vec<&str> = plan.stdout.lines().filter(|line| line.contains("rules: ")).map(str::trim).collect();
    assert!(rules.iter().any(|rules| rules.ends_with("distribution_drift, raises, many_raises")), "{rules:#?}");
    assert!(rules.contains(&"rules: workforce_feasibility"), "{rules:#?}");

    sandbox.simulated(&["2025-2026", "--scenario", "rules.yaml"]);
    let report = std::fs::read_to_string(sandbox.path("reports/year_2026.json")).expect("report");
    assert!(report.contains("\"rule\": \"raises\""), "{report}");
    // The rows are only in the database.
    let details =
        "select concat_ws(' ', count(*), count(distinct (details->>'employee_id'))) from planalign.finding_details
        where rule = 'raises' and simulation_year = 2026 and (details->>'event_type') = 'raise'";
    let details = sandbox.open("simulation.duckdb").query_value(details, &[]).expect("read");
    assert_eq!(details.text().as_deref(), Some("265 265"));
    assert!(!report.contains("many_raises"));

    let all = validated(&sandbox, &["--scenario", "rules.yaml"]);
    assert_eq!((all.code, all.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(reported(&all), @"
    2025  warning  raises: raises: 274 rows
          see the rows in `planalign.finding_details`, or the rule's query under `validation.rules`
    2026  warning  raises: raises: 265 rows
          see the rows in `planalign.finding_details`, or the rule's query under `validation.rules`
    311 checks for 2025 to 2026: 0 errors, 2 warnings, 0 notes
    ");
}

#[test]
fn a_run_resumes_once_a_broken_rule_is_fixed() {
    let sandbox = Sandbox::new(300);
    let rules = |from: &str| {
        format!(
            "validation: {{ rules: [{{ name: own, severity: info, sql: from {from}, max_rows: 9999, message: many }}] }}"
        )
    };
    sandbox.write("rules.yaml", &rules("fct_yearly_event"));
    let broken = sandbox.simulate(&["2025-2025", "--scenario", "rules.yaml", "--progress", "none"]);
    assert_eq!(broken.code, 1);
    insta::assert_snapshot!(sandbox.redact(&broken.stderr), @r#"
    error: VALIDATION (2025) failed
      rule `own` cannot run for 2025
      Catalog Error: Table with name fct_yearly_event does not exist! Did you mean "fct_yearly_events"?
      rolled back to 2025/STATE_ACCUMULATION; nothing committed was lost
    help: fix the `sql` of `own` under `validation.rules`, or turn it off there with `severity: "off"`, then run `planalign simulate --project [REPO]/dbt --config [REPO]/config/simulation_config.yaml --census census.csv 2025-2025 --scenario rules.yaml --progress none --resume`
    "#);
    sandbox.write("rules.yaml", &rules("fct_yearly_events"));
    sandbox.simulated(&["2025-2025", "--scenario", "rules.yaml", "--resume"]);
}

#[test]
fn inputs_are_checked_without_a_run() {
    let sandbox = Sandbox::new(300);
    let root = repository();
    let check = |arguments: &[&str]| {
        let mut command = sandbox.command(&["validate", "--census", "census.csv"]);
        command.arg("--project").arg(root.join("dbt")).arg("--config").arg(root.join("config/simulation_config.yaml"));
        captured(&command.args(arguments).output().expect("run planalign"))
    };
    let fine = check(&["--set", "simulation.random_seed=7", "--set", "deferrals.catch_up=true"]);
    assert_eq!((fine.code, fine.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(fine.stdout, @r#"
    configuration  ok: scenario baseline, plan design standard, 2025 to 2029
    census         ok: 300 rows
    dbt project    ok: 37 models and seeds
    workflow       ok: 27 stages
    dbt tests      ok: 0 of 281 run
    setting        census.path = "census.csv"  (--census)
    setting        simulation.random_seed = 7  (--set)
    "#);
    let wrong = check(&["--set", "simulation.random_seed=x"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    assert!(wrong.stderr.contains("simulation.random_seed"), "{}", wrong.stderr);
    let rule =
        |name: &str, sql: &str| format!("{{ name: {name}, severity: info, sql: {sql}, max_rows: 0, message: m }}");
    let rules =
        [rule("change", "drop table x"), rule("fine", "from x"), rule("typo", "selec 1"), rule("none", "'-- x'")];
    sandbox.write("rules.yaml", &format!("validation: {{ rules: [{}] }}", rules.join(", ")));
    let wrong = check(&["--scenario", "rules.yaml"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(wrong.stderr, @r#"
    error: the configuration has 3 problems
      rules.yaml:1:15: validation.rules: the `sql` of `change` is not a query
      rules.yaml:1:15: validation.rules: the `sql` of `typo` is not a query: syntax error at or near "selec"
      rules.yaml:1:15: validation.rules: the `sql` of `none` is empty
    "#);
    assert!(!sandbox.path("simulation.duckdb").exists());
}

#[test]
fn census_rows_are_checked_without_a_run() {
    let sandbox = Sandbox::new(0);
    let text = census(60, 1).replacen("1970-", "never-", 1);
    sandbox.write("census.csv", &text);
    let root = repository();
    let check = |share: &str| {
        let mut command = sandbox.command(&["validate", "--census", "census.csv", "--set"]);
        command.arg(format!("census.max_rejected_share={share}")).arg("--project").arg(root.join("dbt"));
        command.arg("--config").arg(root.join("config/simulation_config.yaml"));
        captured(&command.output().expect("run planalign"))
    };
    let refused = check("0.01");
    assert_eq!((refused.code, refused.stdout.as_str()), (3, ""));
    insta::assert_snapshot!(refused.stderr, @"
    error: census rejected
      fatal: employee_birth_date: not a date: 1 of 60 rows rejected, first at row 27
    help: fix these rows in the census, or raise `census.max_rejected_share` to run without them and list them in `stg_census_issues`
    ");
    let tolerated = check("0.02");
    assert_eq!((tolerated.code, tolerated.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(tolerated.stdout, @r#"
    configuration  ok: scenario baseline, plan design standard, 2025 to 2029
    census         usable: 60 rows
                   warning: employee_birth_date: not a date: 1 of 60 rows rejected, first at row 27
    dbt project    ok: 37 models and seeds
    workflow       ok: 27 stages
    dbt tests      ok: 0 of 281 run
    setting        census.max_rejected_share = 0.02  (--set)
    setting        census.path = "census.csv"  (--census)
    "#);
}

#[test]
fn damage_is_found_after_the_run() {
    let sandbox = Sandbox::new(300);
    sandbox.simulated(&["2025-2026"]);
    let fine = validated(&sandbox, &[]);
    assert_eq!((fine.code, fine.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(reported(&fine), @"309 checks for 2025 to 2026: 0 errors, 0 warnings, 0 notes");
    writable(&sandbox)
        .execute_batch(
            "update planalign.enrollment_registry set opt_out_date = '2026-01-01'
             where simulation_year = 2026 and employee_id = (select min(employee_id) from fct_workforce_snapshot where simulation_year = 2026);
             drop table int_irs_limits",
        )
        .expect("damage");
    let damaged = validated(&sandbox, &["--set", "deferrals.maximum_rate=0.7"]);
    assert_eq!((damaged.code, damaged.stderr.as_str()), (4, ""));
    insta::assert_snapshot!(reported(&damaged), @r#"
    note: differs from the run's configuration: deferrals.maximum_rate: 0.75 -> 0.7
    2025  error  contribution_limits: cannot run: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix what keeps the rule from running; `planalign checkpoint verify` shows whether its tables are intact
    2026  error  dbt test not_null_int_irs_limits_is_estimated: `not_null_int_irs_limits_is_estimated` cannot run: test not_null_int_irs_limits_is_estimated (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_social_security_wage_base: `not_null_int_irs_limits_social_security_wage_base` cannot run: test not_null_int_irs_limits_social_security_wage_base (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_hce_threshold: `not_null_int_irs_limits_hce_threshold` cannot run: test not_null_int_irs_limits_hce_threshold (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_annual_additions_limit: `not_null_int_irs_limits_annual_additions_limit` cannot run: test not_null_int_irs_limits_annual_additions_limit (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_compensation_limit: `not_null_int_irs_limits_compensation_limit` cannot run: test not_null_int_irs_limits_compensation_limit (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_super_catch_up_limit: `not_null_int_irs_limits_super_catch_up_limit` cannot run: test not_null_int_irs_limits_super_catch_up_limit (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_catch_up_limit: `not_null_int_irs_limits_catch_up_limit` cannot run: test not_null_int_irs_limits_catch_up_limit (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_deferral_limit: `not_null_int_irs_limits_deferral_limit` cannot run: test not_null_int_irs_limits_deferral_limit (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_simulation_year: `not_null_int_irs_limits_simulation_year` cannot run: test not_null_int_irs_limits_simulation_year (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_plan_design_id: `not_null_int_irs_limits_plan_design_id` cannot run: test not_null_int_irs_limits_plan_design_id (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test not_null_int_irs_limits_scenario_id: `not_null_int_irs_limits_scenario_id` cannot run: test not_null_int_irs_limits_scenario_id (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  dbt test unique_combination_int_irs_limits_scenario_id__plan_design_id__simulation_year: `unique_combination_int_irs_limits_scenario_id__plan_design_id__simulation_year` cannot run: test unique_combination_int_irs_limits_scenario_id__plan_design_id__simulation_year (models/foundation/schema.yml) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `models/foundation/schema.yml`, or the models it reads
    2026  error  state_consistency: enrollment registry: different opt-out date in int_enrollment_state_accumulator: 1 person
          likely a bug in the models, or rows edited by hand: restore the prior year's last checkpoint and rerun this year
    2026  error  contribution_limits: cannot run: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix what keeps the rule from running; `planalign checkpoint verify` shows whether its tables are intact
    2026  error  dbt test limits_hold: `limits_hold` cannot run: test limits_hold (tests/limits_hold.sql) failed: Catalog Error: Table with name int_irs_limits does not exist! Did you mean "config_irs_limits"?
          fix the test in `tests/limits_hold.sql`, or the models it reads
    309 checks for 2025 to 2026: 16 errors, 0 warnings, 0 notes
    "#);
}

/// For each rule, damage in 2026 that none of the others reports, done to the first person it can be done to.
const DAMAGE: [(&str, &str); 10] = [
    ("data_freshness_check", "update stg_census_data set employee_hire_date = '2025-01-02' where employee_id = (select min(employee_id) from stg_census_data)"),
    ("row_count_drift", "update stg_census_summary set file_rows = file_rows + 1"),
    (
        "compensation_reasonableness",
        "update int_employee_compensation_by_year set employee_compensation = 5000000.01
         where simulation_year = 2026 and employee_id = (
            select min(employee_id) from int_employee_compensation_by_year
            where simulation_year = 2026 and employee_id not in (from fct_yearly_events select employee_id where simulation_year = 2026 and compensation_amount is not null))",
    ),
    ("hire_termination_ratio", "delete from int_termination_events where simulation_year = 2026; delete from int_new_hire_termination_events where simulation_year = 2026"),
    (
        "event_sequence",
        "update fct_yearly_events set previous_compensation = previous_compensation + 0.01
         where simulation_year = 2026 and event_type = 'raise' and employee_id = (
            select min(employee_id) from fct_yearly_events where simulation_year = 2026 and event_type = 'raise')",
    ),
    (
        "state_consistency",
        "update planalign.enrollment_registry set opt_out_date = '2026-01-01'
         where simulation_year = 2026 and employee_id = (select min(employee_id) from fct_workforce_snapshot where simulation_year = 2026)",
    ),
    (
        "accumulator_integrity",
        "set variable who = (select min(employee_id) from int_deferral_escalation_state_accumulator where simulation_year = 2026);
         update int_workforce_state set total_deferral_escalations = 9 where simulation_year = 2026 and employee_id = getvariable('who');
         update fct_workforce_snapshot set total_deferral_escalations = 9 where simulation_year = 2026 and employee_id = getvariable('who');
         update planalign.deferral_escalation_registry set escalations = 9 where simulation_year = 2026 and employee_id = getvariable('who')",
    ),
    (
        "workforce_totals",
        "update fct_workforce_snapshot set detailed_status_code = 'experienced_termination'
         where simulation_year = 2026 and employee_id = (
            select min(employee_id) from fct_workforce_snapshot where simulation_year = 2026 and employment_status = 'active')",
    ),
    (
        "snapshot_consistency",
        "update fct_workforce_snapshot set employer_core_amount = employer_core_amount + 1, total_employer_contributions = total_employer_contributions + 1
         where simulation_year = 2026 and employee_id = (select min(employee_id) from fct_workforce_snapshot where simulation_year = 2026)",
    ),
    (
        "contribution_limits",
        "update fct_employer_match_events set eligible_compensation = 400000
         where simulation_year = 2026 and employee_id = (select min(employee_id) from fct_employer_match_events where simulation_year = 2026)",
    ),
];

#[test]
fn damage_is_reported_by_one_rule_only() {
    let sandbox = Sandbox::new(300);
    sandbox.simulated(&["2025-2026"]);
    let finished = sandbox.path("simulation.duckdb");
    let original = std::fs::read(&finished).expect("the database");
    for (rule, damage) in DAMAGE {
        std::fs::write(&finished, &original).expect("the database");
        writable(&sandbox).execute_batch(damage).unwrap_or_else(|e| panic!("{rule}: {e}"));
        let output = validated(&sandbox, &[]);
        let found =
            output.stdout.lines().filter_map(|line| line.strip_prefix("202")).filter_map(|line| line.split_once("  "));
        let mut rules: Vec<&str> = found
            .filter(|(_, reported)| reported.starts_with("error") || reported.starts_with("warning"))
            .filter(|(_, reported)| !reported.contains("  dbt test "))
            .filter_map(|(_, reported)| reported.split_whitespace().nth(1))
            .map(|rule| rule.trim_end_matches(':'))
            .collect();
        rules.dedup();
        assert_eq!(rules, [rule], "{}", output.stdout);
    }
}

#[test]
fn checking_data_without_a_run_is_an_error() {
    let sandbox = Sandbox::new(300);
    let missing = validated(&sandbox, &[]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.starts_with("error: database `simulation.duckdb` not found"), "{}", missing.stderr);
    drop(writable(&sandbox));
    assert_eq!(validated(&sandbox, &[]).code, 2);
    sandbox.write("simulation.duckdb", "no database");
    assert_eq!(validated(&sandbox, &[]).code, 8);
}

#[test]
fn the_schema_is_printed_without_any_inputs() {
    let sandbox = Sandbox::new(3);
    let printed = captured(&sandbox.command(&["validate", "--schema"]).output().expect("run planalign"));
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    let committed = std::fs::read_to_string(repository().join("config/simulation_config.schema.json"));
    assert_eq!(printed.stdout, committed.expect("the schema"));
}
