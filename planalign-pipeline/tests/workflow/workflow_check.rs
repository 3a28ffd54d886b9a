//! All problems of a workflow are reported at once, before anything runs.

use planalign_config::settings::StageChange;
use planalign_dbt::{InMemoryRunner, Materialization};
use planalign_pipeline::{PipelineError, RunPlan, Workflow};
use serde_json::{Value, json};

use crate::harness::{World, rule_names, workflow};

fn runner() -> InMemoryRunner {
    InMemoryRunner::new()
        .with_node("models/one", "a", Materialization::Table, &[])
        .with_node("models/one", "b", Materialization::Table, &["a"])
        .with_node("models/two", "c", Materialization::Table, &["b"])
        .with_selection("tag:empty", &[])
}

#[expect(clippy::needless_pass_by_value, reason = "callers pass literals")]
fn check(stages: Value, problems: &[&str]) {
    let found = workflow(&stages).check(&runner(), &rule_names());
    let found = found.err().map_or_else(Vec::new, |e| e.problems);
    assert_eq!(found, problems);
}

#[test]
fn a_valid_workflow_has_no_problems() {
    check(
        json!([{"name": "A", "models": ["path:models/one"]}, {"name": "B", "depends_on": ["A"], "models": ["c"]}]),
        &[],
    );
    World::new(2025).plan();
}

#[test]
fn unknown_rules_and_stages_come_with_a_suggestion_if_one_is_similar() {
    check(
        json!([{"name": "A", "rules": ["stat_rule", "completely_else"], "models": ["a"]}]),
        &[
            "stage A names rule stat_rule, which does not exist; did you mean `state_rule`?",
            "stage A names rule completely_else, which does not exist",
        ],
    );
    check(
        json!([{"name": "FOUNDATION"}, {"name": "B", "depends_on": ["FUNDATION", "X"]}]),
        &[
            "stage B depends on FUNDATION, which is not a stage; did you mean `FOUNDATION`?",
            "stage B depends on X, which is not a stage",
        ],
    );
}

#[test]
fn the_rules_of_each_stage_are_known_without_the_project() {
    let stages =
        json!([{"name": "B", "depends_on": ["A"], "models": ["path:none"]}, {"name": "A", "rules": ["state_rule"]}]);
    let rules = workflow(&stages).rules_by_stage(&rule_names()).expect("valid but for the models");
    let expected = [("A".to_owned(), vec!["state_rule".to_owned()]), ("B".to_owned(), Vec::new())];
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), expected);
    let error = workflow(&json!([{"name": "A", "rules": ["stat_rule"]}])).rules_by_stage(&rule_names());
    let expected = "stage A names rule stat_rule, which does not exist; did you mean `state_rule`?";
    assert_eq!(error.expect_err("no such rule").problems, [expected]);
}

#[test]
fn cycles_are_reported_without_follow_on_problems() {
    check(
        json!([
            {"name": "A", "depends_on": ["B"], "models": ["a"]},
            {"name": "B", "depends_on": ["A"], "models": ["b"]},
            {"name": "C", "models": ["c"]}
        ]),
        &["stages A, B form a cycle"],
    );
    check(json!([{"name": "A", "depends_on": ["A"]}]), &["stage A depends on itself"]);
}

#[test]
fn a_model_belongs_to_one_stage() {
    check(
        json!([{"name": "A", "models": ["path:models/one"]}, {"name": "B", "depends_on": ["A"], "models": ["b", "c"]}]),
        &["model b belongs to stages A and B"],
    );
}

#[test]
fn a_model_must_come_after_what_it_refs() {
    check(
        json!([{"name": "A", "models": ["c"]}, {"name": "B", "depends_on": ["A"], "models": ["path:models/one"]}]),
        &["model c of stage A refs b, which is built later, in B"],
    );
    check(json!([{"name": "A", "models": ["b"]}]), &["model b of stage A refs a, which no stage builds"]);
}

#[test]
fn selections_that_match_nothing_are_all_named() {
    check(
        json!([{"name": "A", "models": ["path:models/three", "a", "tag:empty", "nobody"]}]),
        &[
            "stage A: path:models/three selects nothing",
            "stage A: tag:empty selects nothing",
            "stage A: nobody selects nothing",
        ],
    );
}

#[test]
fn stage_names_are_unique_and_there_is_at_least_one_stage() {
    check(json!([{"name": "A", "models": ["a"]}, {"name": "A", "models": ["b"]}]), &["stage A is defined twice"]);
    check(json!([]), &["no stages"]);
}

#[test]
fn all_problems_are_reported_at_once() {
    let stages = json!([
        {"name": "A", "models": ["c", "nobody"], "rules": ["totals_rul"]},
        {"name": "A", "depends_on": ["Z"], "models": ["b"]},
        {"name": "X", "depends_on": ["Y"], "models": ["b"]},
        {"name": "Y", "depends_on": ["X"], "rules": ["other"]}
    ]);
    let error = workflow(&stages).check(&runner(), &rule_names()).expect_err("invalid workflow");
    let error = PipelineError::from(error);
    insta::assert_snapshot!(error.to_string());
}

#[test]
fn fields_that_do_not_exist_are_refused() {
    let text = r#"{"stages": [{"name": "A", "modles": []}]}"#;
    let error = serde_json::from_str::<Workflow>(text).expect_err("unknown field");
    assert!(error.to_string().contains("modles"), "{error}");
}

#[test]
fn the_default_workflow_parses() {
    assert_eq!(Workflow::default().stages.len(), 7);
}

/// Two stages and the configured changes to them.
fn changed(changes: Value) -> Workflow {
    let mut stages = workflow(&json!([
        {"name": "A", "models": ["path:models/one"], "rules": ["state_rule"]},
        {"name": "B", "depends_on": ["A"], "models": ["c"]},
        {"name": "END", "depends_on": ["B"]}
    ]));
    stages.change(&serde_json::from_value::<Vec<StageChange>>(changes).expect("changes"));
    stages
}

#[test]
fn stages_can_be_changed() {
    let rules = rule_names();
    let changed = changed(json!([
        {"name": "A", "models": {"drop": ["b"]}, "rules": {"replace": [], "add": [rules[0]]}, "parallel_safe": true},
        {"name": "B", "models": {"add": ["b"]}, "rules": {"add": ["state_rule"]}, "checkpoint": false, "years": "last"},
        {"name": "OWN", "depends_on": ["B"]}
    ]));
    let checked = changed.check(&runner(), &rules).expect("valid workflow");
    insta::assert_snapshot!(RunPlan::new(&checked, 2025, 2026, None), @"
    2025 to 2026, 7 stages

    2025
      A (parallel-safe, checkpoint)
        models: a
        rules: census_rule
      OWN (checkpoint)
      END (checkpoint)

    2026
      A (parallel-safe, checkpoint)
        models: a
        rules: census_rule
      B
        models: b, c
        rules: state_rule
      OWN (checkpoint)
      END (checkpoint)
    ");
}

#[test]
fn all_problems_with_changes_are_reported_with_the_rest() {
    let changed = changed(json!([
        {"name": "A", "models": {"drop": ["c", "nothing"]}, "rules": {"drop": ["stat_rule"], "add": ["state_rule", "other"]}},
        {"name": "BB", "models": {"add": ["a"]}},
        {"name": "ENDE", "rules": {"add": ["state_rule"]}},
        {"name": "OWN", "depends_on": ["NOWHERE"], "models": {"add": ["c", "c"]}}
    ]));
    let problems = changed.check(&runner(), &rule_names()).expect_err("invalid changes").problems;
    insta::assert_snapshot!(problems.join("\n"), @"
    stage A drops rule stat_rule, which it does not check; did you mean `state_rule`?
    stage A adds state_rule, which it already has
    a new stage needs `depends_on`; stage BB doesn't exist; did you mean `B`?
    a new stage needs `depends_on`; stage ENDE doesn't exist; did you mean `END`?
    stage OWN adds c, which it already has
    stage OWN depends on NOWHERE, which is not a stage
    stage A names rule other, which does not exist
    stage A drops c, which it does not build
    stage A: nothing selects nothing
    model c belongs to stages B and OWN
    ");
}

#[test]
fn rules_are_added_once_and_dropped_everywhere() {
    let mut changed = changed(json!([{"name": "B", "rules": {"add": ["mine"]}}]));
    changed.add_rules(&"END".into(), &["mine".to_owned(), "yours".to_owned()]);
    changed.drop_rules(&["state_rule".to_owned()]);
    let rules: Vec<&[String]> = changed.stages.iter().map(|stage| stage.rules.as_slice()).collect();
    assert_eq!(rules, [&[][..], &["mine".to_owned()], &["yours".to_owned()]]);
}
