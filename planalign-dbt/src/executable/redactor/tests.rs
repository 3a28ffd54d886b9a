//! What is hidden in the output of dbt.

use serde_json::json;

use super::*;

fn redacted(text: &str) -> String {
    let vars = Vars::from_iter([
        ("token".to_owned(), json!("canary value")),
        ("list".to_owned(), json!([{ "deep": "canary in a list" }, "abc"])),
        ("scenario".to_owned(), json!("baseline")),
    ]);
    Redactor::of(&vars).text(text)
}

#[test]
fn values_of_variables_are_hidden_unless_they_are_short() {
    assert_eq!(redacted("uses canary value, canary in a list, and abc"), "uses ..., ..., and abc");
}

#[test]
fn only_a_value_that_could_be_a_name_is_kept_in_a_longer_one() {
    assert_eq!(redacted("'canary value' canary values my_canary value"), "'...' ...s my_...");
    assert_eq!(redacted("'baseline' baselines int_baseline_workforce"), "'...' baselines int_baseline_workforce");
}

#[test]
fn messages_of_the_engine_lose_data_and_sql() {
    let core1 = "  Runtime Error in model bad (models/bad.sql)\n  Conversion Error: Could not convert string 'Jane' to INT32\n  \n  LINE 5:     select 'Jane'\n                     ^\n  compiled code at /x/bad.sql";
    assert_eq!(
        redacted(core1),
        "  Runtime Error in model bad (models/bad.sql)\n  Conversion Error: Could not convert string '...' to INT32"
    );
    let core2 = "[error] [DbDriverFailed (dbt1308)]: Database Error in model bad (run/bad.sql)\n  Binder Error: Referenced column \"b\" not found\n  LINE 1: select b\n   0: <unknown>\n   1: start_thread\n             at ./nptl/pthread_create.c:442:8";
    assert_eq!(
        redacted(core2),
        "[error] [DbDriverFailed (dbt1308)]: Database Error in model bad (run/bad.sql)\n  Binder Error: Referenced column \"b\" not found"
    );
}

#[test]
fn the_list_of_all_variables_is_cut_off() {
    let text = "Required var 'x' not found in config:\nVars supplied to bad = {\n  \"pay\": 1\n}";
    assert_eq!(redacted(text), "Required var 'x' not found in config:");
}
