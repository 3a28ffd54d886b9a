//! One file per project: `-- file: path` starts a file of the project. Projects in `fixtures/compile` are compiled and built,
//! those in `fixtures/errors` must fail; SQL and messages are compared in full.

mod support;

use std::fmt::Write as _;
use std::path::Path;

use planalign_config::{Diagnostic, full_message};
use planalign_dbt::ModelRunner;
use support::{Fixture, paths, project_files, rows, run, vars};

fn project(path: &Path) -> Fixture {
    let text = std::fs::read_to_string(path).expect("fixture");
    Fixture::new(&project_files(&text).1)
}

fn name(path: &Path, folder: &str) -> String {
    format!("{folder}_{}", path.file_stem().expect("name").to_string_lossy())
}

#[test]
fn projects_compile_and_build() {
    for path in &paths("fixtures/compile") {
        let fixture = project(path);
        let vars = vars(r#"{"year": 2025, "rate": 0.00001}"#);
        let mut runner = fixture.load_with(&vars).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut out = String::new();
        for name in runner.select("").expect("select all") {
            run(&mut runner, &name, &vars).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let sql = runner.compile(&name, &vars).expect("compile");
            _ = writeln!(out, "== {name}\n{sql}");
            if !sql.is_empty()
                && runner
                    .graph()
                    .get(&name)
                    .is_some_and(|n| n.materialization != planalign_dbt::Materialization::Ephemeral)
            {
                _ = writeln!(out, "-- rows\n{}", rows(&fixture.database, &format!("from {name} order by all")));
            }
        }
        insta::assert_snapshot!(name(path, "compile"), out);
    }
}

#[test]
fn errors_are_explained() {
    for path in &paths("fixtures/errors") {
        let fixture = project(path);
        let error = fixture.build().expect_err("must fail");
        let error = [vec![full_message(&error)], error.details()].concat().join("\n");
        insta::assert_snapshot!(
            name(path, "errors"),
            error.replace(&fixture.path().display().to_string(), "<project>")
        );
    }
}
