//! Each check, with a small example that violates it.

use super::*;

/// Asserts what a check finds in these files.
fn check(run: fn(&Files) -> Vec<Violation>, files: &[(&str, &str)], expect: &[&str]) {
    let found: Vec<String> = run(&Files::of(files)).iter().map(ToString::to_string).collect();
    assert_eq!(found, expect);
}

#[test]
fn the_layout_matches_the_design() {
    let names =
        ["planalign-config", "planalign-dbt", "planalign-registries", "planalign-validation", "planalign-reporting"];
    let others = ["planalign-pipeline", "planalign-cli", "xtask", ".cargo", ".ci", "config", "data", "dbt", "extra"];
    let paths: Vec<String> = names.iter().chain(&others).map(|name| format!("{name}/x")).collect();
    let manifest = "[workspace]\nmembers = [\n    \"planalign-config\",\n    \"planalign-dbt\",\n    \"planalign-registries\", \
                    \"planalign-validation\", \"planalign-reporting\", \"planalign-pipeline\", \"xtask\", \"new\",\n]\n";
    let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
    files.push(("Cargo.toml", manifest));
    let expected = [
        "docs: missing top-level folder",
        "extra: unknown top-level folder",
        "planalign-cli: missing workspace member in Cargo.toml",
        "new: unknown workspace member in Cargo.toml",
    ];
    check(layout::check, &files, &expected);
}

#[test]
fn the_census_exists_and_is_small() {
    check(layout::check_census, &[], &["data/census.csv: missing"]);
    check(layout::check_census, &[("data/census.csv", "employee_id\n")], &[]);
    let large = "x".repeat(1_000_001);
    check(
        layout::check_census,
        &[("data/census.csv", &large)],
        &["data/census.csv: 1000001 bytes; the limit is 1000000"],
    );
}

#[test]
fn paths_on_one_machine_are_found_in_every_file() {
    let home = ["", "home", "ann", "plan.duckdb"].join("/");
    let harmless = ["docs", "home", "page and {root}", "home", "x"].join("/");
    let text = format!("{harmless}\ndatabase: {home}\n");
    check(source::check_machine_paths, &[("docs/a.md", &text)], &["docs/a.md:2: a path on one machine"]);
}

#[test]
fn files_state_their_purpose() {
    let files = [
        ("a/src/x.rs", "//! Why.\n"),
        ("a/src/y.rs", "use x;\n"),
        ("a/src/z.rs", "//! placeholder\n"),
        ("a/b.sql", ""),
    ];
    let what = "doesn't state its purpose";
    check(source::check_headers, &files, &[&format!("a/src/y.rs:1: {what}"), &format!("a/src/z.rs:1: {what}")]);
}

#[test]
fn files_are_short() {
    let (long, short) = ("\n".repeat(701), "\n".repeat(700));
    check(source::check_lengths, &[("a.rs", &long), ("b.rs", &short)], &["a.rs: 701 lines; the limit is 700"]);
}

#[test]
fn unfinished_code_and_ignored_tests_are_found() {
    let text = "//! x\nfn f() { todo!() }\nfn g() { f_todo!(); \"dbg!\" }\n#[cfg(test)]\nmod tests {\n    #[ignore = \"slow\"]\n}\n";
    check(source::check_unfinished, &[("a.rs", text)], &["a.rs:2: `todo!`", "a.rs:6: `#[ignore`"]);
}

#[test]
fn libraries_do_not_talk_to_the_user() {
    let text =
        "fn f() { println!(); }\nlet v = std::env::var(\"X\");\n#[cfg(test)]\nmod tests { fn g() { println!(); } }\n";
    let files =
        [("planalign-cli/src/a.rs", text), ("planalign-cli/src/bin/a.rs", text), ("planalign-dbt/tests/a.rs", text)];
    let expected = ["planalign-cli/src/a.rs:1: `println!`", "planalign-cli/src/a.rs:2: `env::var`"];
    check(source::check_terminal, &files, &expected);
}

#[test]
fn only_one_module_uses_the_engine() {
    let text = "use duckdb::Connection;\nlet x = from_duckdb::<A>();\n";
    let files = [
        ("planalign-config/Cargo.toml", "duckdb = { workspace = true }\n"),
        ("planalign-config/src/database/value.rs", text),
        ("planalign-config/src/lock.rs", text),
        (
            "planalign-dbt/Cargo.toml",
            "[features]\nduckdb = [\"planalign-config/duckdb\"]\n[dependencies]\nduckdb.workspace = true\n",
        ),
        ("planalign-dbt/src/lib.rs", "pub use duckdb::EmbeddedRunner;"),
    ];
    let expected = ["planalign-dbt/Cargo.toml:4: depends on `duckdb`", "planalign-config/src/lock.rs:1: `duckdb::`"];
    check(source::check_engine_door, &files, &expected);
}

#[test]
fn tests_do_not_sleep() {
    let text = "fn wait() { thread::sleep(second); }\n";
    let declared = format!("{text}#[cfg(test)]\nmod tests;\n");
    let files = [("a/src/lock.rs", declared.as_str()), ("a/src/lock/tests.rs", text)];
    check(source::check_sleeping_tests, &files, &["a/src/lock/tests.rs:1: `thread::sleep`"]);
}

#[test]
fn banned_words_are_found_in_every_file() {
    let text = "Whoever left, a leaver, is a_leaver or known_leavers.\nThe whole amended file was written anew, then mended.\n";
    let files = [("docs/WORDS.md", text), ("docs/a.md", text)];
    let expected = [
        "docs/a.md:1: `leaver`: say termination",
        "docs/a.md:1: `whoever`: say users who",
        "docs/a.md:2: `anew`: say again, or start over",
        "docs/a.md:2: `mended`: say fixed",
    ];
    check(words::check_texts, &files, &expected);
    check(
        words::check_texts,
        &[("a.sql", "select leavers, leavers2 from moves")],
        &["a.sql:1: `leavers`: say terminations"],
    );
}

#[test]
fn names_that_say_nothing_are_found() {
    let text = "pub const fn told() {}\nstruct CheckAgain<T>(T);\nstatic IS_SAID: &'static str = \"mod anew\"; // fn mend\n\
                mod recommend {\n    fn against(told: u8) { let between = told; }\n}\n";
    let files = [("a/src/a.rs", text), ("a.md", "fn told")];
    let expected = [
        "a/src/a.rs:1: `told`: `told` says nothing",
        "a/src/a.rs:2: `CheckAgain`: `again` says nothing",
        "a/src/a.rs:3: `IS_SAID`: `said` says nothing",
    ];
    check(words::check_names, &files, &expected);
}

#[test]
fn rows_about_dbt_are_shown_by_projects() {
    let document = "| feature | | projects |\n|---|---|---|\n\
                    | `ref` and `source` | supported | refs, one |\n\
                    | `merge` and `external` | refused | refused_merge, refs |\n\
                    | hooks | maybe | refs |\n| seeds | native |\nText with `code`.\n";
    let files = [
        ("planalign-dbt/COMPATIBILITY.md", document),
        ("planalign-dbt/tests/fixtures/compile/one.txt", "{{ var('a') }}"),
        ("planalign-dbt/tests/fixtures/errors/refused_merge.txt", "merge"),
        ("planalign-dbt/tests/fixtures/errors/refused_more.txt", ""),
        ("planalign-dbt/tests/projects/one.txt", "{{ ref('a') }}"),
        ("planalign-dbt/tests/projects/refs.txt", "{{ ref('a') }}"),
        ("planalign-dbt/tests/projects/refs.expected", ""),
        ("planalign-dbt/tests/recorded/other.txt", ""),
    ];
    let expected = [
        "planalign-dbt/tests/projects/one.txt: has the name of planalign-dbt/tests/fixtures/compile/one.txt",
        "planalign-dbt/COMPATIBILITY.md:3: `source` is in none of its projects",
        "planalign-dbt/COMPATIBILITY.md:4: what is refused isn't shown by planalign-dbt/tests/projects/refs.txt",
        "planalign-dbt/COMPATIBILITY.md:4: `external` is in none of its projects",
        "planalign-dbt/COMPATIBILITY.md:5: `maybe` is not one of supported, native, ignored, refused, error",
        "planalign-dbt/COMPATIBILITY.md:6: a row has three cells",
        "planalign-dbt/tests/fixtures/errors/refused_more.txt: no row names it",
    ];
    check(compatibility::check, &files, &expected);
}

#[test]
fn the_engine_is_found_among_the_dependencies() {
    let tree = "0planalign-pipeline v0.1.0 \n1duckdb v1.2.3 json\n2libduckdb-sys v1.2.3 bundled\n1serde v1.0.0 std\n";
    let found: Vec<String> = graph::engines_in(tree).iter().map(ToString::to_string).collect();
    let expected =
        ["duckdb v1.2.3 json", "libduckdb-sys v1.2.3 bundled"].map(|p| format!("planalign-pipeline: depends on {p}"));
    assert_eq!(found, expected);
}

#[test]
fn a_different_feature_below_the_engine_is_found() {
    let first = "0cli v1 \n1libduckdb-sys v1 bundled\n2syn v3 full\n1syn v3 \n";
    let other = "0all v1 \n1libduckdb-sys v1 bundled\n2syn v3 full,visit\n1rand v1 \n";
    let differences = graph::differences("--workspace", &graph::below_engine(first), &graph::below_engine(other));
    let printed: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(printed, ["cargo build --workspace: builds libduckdb-sys with syn v3 full,visit"]);
}

#[test]
fn a_failed_check_reports_the_place_and_the_advice() {
    let printed = describe(&CHECKS[3], &[Violation::at("a.rs", 1, "doesn't state its purpose")]);
    let expected = "header\n  a.rs:1: doesn't state its purpose\n  help: start the file with `//!` and its purpose in a line or two\n\n";
    assert_eq!(printed, expected);
}
