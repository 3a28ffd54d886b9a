//! What dbt's environment has and lacks.

use super::*;

fn environment(caller: &[(&str, &str)], read: &[&str], named: &[&str]) -> (Vec<String>, Vec<String>) {
    let caller: Vec<(OsString, OsString)> =
        caller.iter().map(|(name, value)| (OsString::from(*name), OsString::from(*value))).collect();
    let read = read.iter().map(|name| (*name).to_owned()).collect();
    let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
    let Environment { passed, removed } = Environment::of(&caller, &read, &named);
    let own = ["PYTHONUTF8", "DBT_SEND_ANONYMOUS_USAGE_STATS", "DO_NOT_TRACK"];
    let kept = passed.iter().map(|(name, _)| name.to_string_lossy().into_owned());
    (kept.filter(|name| !own.contains(&name.as_str())).collect(), removed)
}

#[test]
fn programs_get_what_they_need_and_what_is_named() {
    let caller =
        [("PATH", "/bin"), ("HOME", "/h"), ("SECRET", "s"), ("DBT_ENV_REGION", "eu"), ("REGION", "eu"), ("PROXY", "p")];
    assert_eq!(environment(&caller, &["REGION"], &["PROXY"]).0, ["PATH", "HOME", "DBT_ENV_REGION", "REGION", "PROXY"]);
    assert_eq!(
        environment(&caller, &[], &[]),
        (["PATH", "HOME", "DBT_ENV_REGION"].map(str::to_owned).into(), Vec::new())
    );
}

#[test]
fn options_of_dbt_are_removed_and_named_even_if_the_project_reads_them() {
    let caller = [("DBT_QUIET", "1"), ("DBT_FULL_REFRESH", "true"), ("DBT_ENGINE_X", "1"), ("DBT_USER", "me")];
    let (passed, removed) = environment(&caller, &["DBT_FULL_REFRESH", "DBT_USER"], &["DBT_QUIET"]);
    assert_eq!(passed, ["DBT_USER"]);
    assert_eq!(removed, ["DBT_ENGINE_X", "DBT_FULL_REFRESH", "DBT_QUIET"]);
}

#[test]
fn names_are_found_however_they_are_written() {
    let texts =
        ["{{ env_var('A') }} {{env_var( \"B\", 'x')}}", "path: \"{{ env_var('C') | as_number }}\" env_vars('D')"];
    let names: Vec<String> = names_in(texts.map(str::to_owned)).into_iter().collect();
    assert_eq!(names, ["A", "B", "C"]);
}
