//! A stand-in for dbt in tests. With `DBT_ENV_FAKE=project`, it builds the project with the embedded runner; otherwise it prints and
//! exits as the variable says. The test program runs itself as the stand-in, so nothing else has to be built.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "as dbt does")]
#![expect(clippy::zombie_processes, reason = "tests check that children of a killed dbt end too")]

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{env, fs};

use planalign_config::{Database, DatabaseOptions};
use planalign_dbt::{
    EmbeddedRunner, Flow, Materialization, ModelRunner, NodeEvent, Outcome, TestResult, TestStatus, Vars, project_files,
};
use serde_json::{Value, json};

/// The ID that a call gives its log and its results.
const INVOCATION: &str = "call-1";

/// Seed, model, and the model that refs it.
const NODES: [(&str, &str, &str, &[&str]); 4] = [
    ("seed.shop.prices", "seed", "seed", &[]),
    ("model.shop.orders", "model", "table", &["seed.shop.prices"]),
    ("model.shop.helper", "model", "ephemeral", &[]),
    ("model.shop.totals", "model", "view", &["model.shop.orders", "model.shop.helper"]),
];

/// The arguments of the stand-in, one per line.
const CALL: &str = "FAKE_DBT_ARGUMENTS";

/// Installs the stand-in in a folder: a script that runs this test program as dbt.
pub(crate) fn install(folder: &Path) -> PathBuf {
    script(folder, "fake_dbt", CALL, "fake_dbt::call")
}

/// Writes a script that runs one test of this test program, with its own arguments in a variable and its folder in
/// `FAKE_DBT_FOLDER`.
pub(crate) fn script(folder: &Path, name: &str, variable: &str, test: &str) -> PathBuf {
    let own = env::current_exe().expect("own path");
    let arguments = format!("{variable}=\"$(printf '%s\\n' \"$@\")\"");
    let folder_of = format!("FAKE_DBT_FOLDER='{}'", folder.display());
    let content =
        format!("#!/bin/sh\n{folder_of} {arguments} exec {} --exact {test} --nocapture --quiet\n", own.display());
    let path = folder.join(name);
    fs::write(&path, content).expect("script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

/// The arguments of a script; `None` if this process is only a test.
pub(crate) fn arguments(variable: &str) -> Option<Vec<String>> {
    Some(env::var(variable).ok()?.lines().map(str::to_owned).collect())
}

#[test]
#[expect(clippy::exit, reason = "as dbt does")]
fn call() {
    let Some(arguments) = arguments(CALL) else { return };
    let call = Call::new(arguments);
    if call.is("records") {
        call.record();
    }
    let is_check = call.arguments.first().is_some_and(|first| first == "show");
    let is_test = call.arguments.first().is_some_and(|first| first == "test");
    let code = match (is_check, call.is("project")) {
        (true, _) => call.show(),
        (false, true) if is_test => call.test_project(),
        (false, true) => call.build_project(),
        (false, false) => call.build(),
    };
    std::process::exit(code.into());
}

/// A call's arguments and what the test wants.
struct Call {
    arguments: Vec<String>,
    wanted: Vec<String>,
}

impl Call {
    fn new(arguments: Vec<String>) -> Self {
        let wanted = env::var("DBT_ENV_FAKE").unwrap_or_default();
        Self { arguments, wanted: wanted.split(',').map(str::to_owned).collect() }
    }

    fn is(&self, wanted: &str) -> bool {
        self.wanted.iter().any(|name| name == wanted)
    }

    /// Adds the arguments, and what `dbt_project.yml` says, to the file `calls` next to the script.
    fn record(&self) {
        let file = PathBuf::from(env::var_os("FAKE_DBT_FOLDER").expect("folder")).join("calls");
        let project = fs::read_to_string(PathBuf::from(self.option("--project-dir")).join("dbt_project.yml"));
        let call = json!({
            "arguments": self.arguments, "project": project.expect("project"), "database": self.database(),
        });
        let calls = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, format!("{calls}{call}\n")).expect("written");
    }

    /// The value of an option.
    fn option(&self, name: &str) -> &str {
        let at = self.arguments.iter().position(|argument| argument == name).expect(name);
        &self.arguments[at + 1]
    }

    fn target(&self) -> PathBuf {
        let target = PathBuf::from(self.option("--target-path"));
        fs::create_dir_all(&target).expect("target folder");
        target
    }

    /// The database of the generated profile.
    fn database(&self) -> PathBuf {
        let profiles = fs::read_to_string(PathBuf::from(self.option("--profiles-dir")).join("profiles.yml"));
        let profiles: Value = serde_json::from_str(&profiles.expect("profile")).expect("JSON");
        profiles["planalign"]["outputs"]["planalign"]["path"].as_str().expect("path").into()
    }

    /// The path that the query of the check asks for, which a real dbt renders.
    fn path_in_query(&self) -> Option<&str> {
        self.option("--inline").split("$path$").nth(1)
    }

    fn show(&self) -> u8 {
        if self.is("show_hangs") {
            if let Ok(file) = env::var("DBT_ENV_PIDS") {
                fs::write(file, std::process::id().to_string()).expect("process ID");
            }
            hang();
        }
        if self.is("not_dbt") {
            println!("hello");
            return 0;
        }
        let version = if self.is("old") { "=1.10.3" } else { "=1.11.16" };
        event("MainReportVersion", "info", "", &json!({ "version": version }));
        if self.is("show_fails") {
            event("MainEncounteredError", "error", "Encountered an error:\nParsing Error\n  no such key", &json!({}));
            return 2;
        }
        event("AdapterRegistered", "info", "", &json!({ "adapter_name": "duckdb", "adapter_version": "=1.10.1" }));
        Database::open(&self.database(), &DatabaseOptions::default()).expect("scratch database");
        if self.is("newer_file") {
            let mut bytes = fs::read(self.database()).expect("file");
            bytes[12] = 99;
            fs::write(self.database(), bytes).expect("file");
        }
        let engine = if self.is("old_engine") { "v1.4.2" } else { "v1.5.6" };
        let rows = json!([{ "version": engine, "path": self.path_in_query() }]).to_string();
        event("ShowNode", "info", "", &json!({ "preview": rows }));
        let adapter = if self.is("other_adapter") { "postgres" } else { "duckdb" };
        if !self.is("no_manifest") {
            let manifest = if self.is("project") { self.manifest_of_project() } else { manifest(adapter) };
            fs::write(self.target().join("manifest.json"), manifest.to_string()).expect("manifest");
        }
        0
    }

    /// The project in this process, on the database of the profile.
    fn project(&self) -> EmbeddedRunner {
        // By a path of its own: next to the database is the copy from which our handle would restore it.
        let link = self.target().join(self.database().file_name().expect("a file"));
        if !self.database().exists() {
            Database::open(&self.database(), &DatabaseOptions::default()).expect("a new file");
        }
        fs::hard_link(self.database(), &link).expect("a link");
        let database = Database::open(&link, &DatabaseOptions::default()).expect("nobody else has it open");
        EmbeddedRunner::load(&self.without_packages(), database, &self.vars()).expect("a project")
    }

    /// A copy of the project without its list of packages, which the embedded runner refuses.
    fn without_packages(&self) -> PathBuf {
        let copy = self.target().join("project");
        for (name, content) in project_files(self.option("--project-dir").as_ref()).expect("files") {
            let file = copy.join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("folder");
            fs::write(file, content).expect("file");
        }
        copy
    }

    fn vars(&self) -> Vars {
        serde_json::from_str(self.option("--vars")).expect("JSON")
    }

    /// The manifest of a project whose nodes have distinct file names.
    fn manifest_of_project(&self) -> Value {
        let files = project_files(self.option("--project-dir").as_ref()).expect("files");
        let file = |name: &str| {
            files.keys().find(|file| file.ends_with(&format!("/{name}.sql")) || file.ends_with(&format!("/{name}.csv")))
        };
        let runner = self.project();
        let id = |name: &str| match runner.graph().get(name).map(|node| node.materialization) {
            Some(Materialization::Seed) => format!("seed.project.{name}"),
            _ => format!("model.project.{name}"),
        };
        let nodes = runner.graph().nodes().map(|node| {
            let kind = if node.materialization == Materialization::Seed { "seed" } else { "model" };
            let depends_on: Vec<String> = node.depends_on.iter().map(|name| id(name)).collect();
            let about = json!({
                "resource_type": kind, "name": node.name, "package_name": "project",
                "original_file_path": file(&node.name), "fqn": ["project", node.name], "schema": "main",
                "config": { "materialized": node.materialization }, "depends_on": { "nodes": depends_on },
            });
            (id(&node.name), about)
        });
        let tests = runner.data_tests().into_iter().map(|test| {
            let depends_on: Vec<String> = test.depends_on.iter().map(|name| id(name)).collect();
            let about = json!({
                "resource_type": "test", "name": test.name, "package_name": "project",
                "original_file_path": test.file, "fqn": ["project", test.name], "depends_on": { "nodes": depends_on },
            });
            (format!("test.project.{}", test.name), about)
        });
        let nodes: serde_json::Map<String, Value> = nodes.chain(tests).collect();
        json!({ "metadata": { "adapter_type": "duckdb", "project_name": "project" }, "nodes": nodes })
    }

    fn test_project(&self) -> u8 {
        let mut runner = self.project();
        let tests = self.arguments.iter().filter_map(|argument| argument.strip_prefix("fqn:project."));
        let tests: Vec<String> = tests.map(str::to_owned).collect();
        let tested = runner.test(&tests, &self.vars(), &mut |event| {
            if let NodeEvent::Started { name, .. } = event {
                node("LogStartLine", "info", &format!("test.project.{name}"), "started");
            }
            Flow::Continue
        });
        let results = match &tested {
            Ok(results) => results.as_slice(),
            Err(error) => {
                let cause = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source()).last();
                let text = format!("  Runtime Error\n  {}", cause.map(ToString::to_string).unwrap_or_default());
                let failed = error.node().map(|(name, _)| format!("test.project.{name}"));
                event("RunResultError", "error", &text, &json!({ "node_info": { "unique_id": failed } }));
                &[]
            }
        };
        let row = |result: &TestResult| {
            json!({
                "unique_id": format!("test.project.{}", result.name), "failures": result.failures,
                "status": format!("{:?}", result.status).to_lowercase(), "compiled_code": result.sql,
            })
        };
        let rows: Vec<Value> = results.iter().map(row).collect();
        let file = json!({ "metadata": { "invocation_id": INVOCATION }, "results": rows });
        fs::write(self.target().join("run_results.json"), file.to_string()).expect("results");
        u8::from(results.len() < tests.len() || results.iter().any(|result| result.status == TestStatus::Fail))
    }

    fn build_project(&self) -> u8 {
        if self.is("hangs") {
            fs::write(env::var("DBT_ENV_PIDS").expect("a file"), std::process::id().to_string()).expect("process ID");
            hang()
        }
        let mut runner = self.project();
        let selected = self.arguments.iter().filter_map(|argument| argument.split_once(",path:"));
        let files: Vec<String> = selected.map(|(_, file)| format!("path:{file}")).collect();
        let nodes = runner.select(&files.join(" ")).expect("known");
        let ids = nodes.iter().map(|name| {
            let is_seed = runner.graph().get(name).is_some_and(|node| node.materialization == Materialization::Seed);
            (name.clone(), format!("{}.project.{name}", if is_seed { "seed" } else { "model" }))
        });
        let ids: std::collections::BTreeMap<String, String> = ids.collect();
        let mut results = Vec::new();
        let built = runner.run(&nodes, &self.vars(), 1, &mut |event| {
            match event {
                NodeEvent::Started { name, .. } => node("LogStartLine", "info", &ids[name], "started"),
                NodeEvent::Finished(Outcome::Built(result)) => {
                    node("LogModelResult", "info", &ids[&result.name], "success");
                    results.push(json!({ "unique_id": ids[&result.name], "status": "success" }));
                }
                NodeEvent::Finished(_) | NodeEvent::Waiting => {}
            }
            Flow::Continue
        });
        if let Err(error) = &built {
            let cause = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source()).last();
            let text = format!("  Runtime Error\n  {}", cause.map(ToString::to_string).unwrap_or_default());
            let failed = error.node().map(|(name, _)| ids[name].clone()).unwrap_or_default();
            event("RunResultError", "error", &text, &json!({ "node_info": { "unique_id": failed } }));
            node("LogModelResult", "error", &failed, "error");
        }
        let results = json!({ "metadata": { "invocation_id": INVOCATION }, "results": results });
        fs::write(self.target().join("run_results.json"), results.to_string()).expect("results");
        u8::from(built.is_err())
    }

    fn build(&self) -> u8 {
        if self.is("garbage") {
            garbage();
        }
        if self.is("big_log") {
            for _ in 0..100_000 {
                event("JinjaLogInfo", "info", &"x".repeat(1000), &json!({}));
            }
        }
        if self.is("usage") {
            eprintln!("Error: No such option '--nonsense'.");
            return 2;
        }
        if self.is("locked") {
            let locked =
                "Encountered an error:\nRuntime Error\n  IO Error: Could not set lock on file \"x\": Conflicting lock";
            event("MainEncounteredError", "error", locked, &json!({}));
            return 2;
        }
        if self.is("hangs") {
            // A child that the group has to end.
            Command::new("sleep").arg("600").spawn().expect("a child");
            if self.is("stubborn") {
                for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
                    signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).expect("handler");
                }
            }
            node("LogStartLine", "info", NODES[0].0, "started");
            if let Ok(file) = env::var("DBT_ENV_PIDS") {
                fs::write(file, std::process::id().to_string()).expect("process ID");
            }
            hang()
        }
        if self.is("damages") {
            fs::write(self.database(), "not a database").expect("file");
        }
        if self.is("leaves_child") {
            Command::new("sleep").arg("600").spawn().expect("a child");
        }
        if self.is("loses_child") {
            // It keeps the pipes open and isn't in the group.
            let child = Command::new("sleep").arg("600").process_group(0).spawn().expect("a child");
            fs::write(env::var("DBT_ENV_PIDS").expect("a file"), child.id().to_string()).expect("process ID");
        }
        self.build_nodes()
    }

    fn build_nodes(&self) -> u8 {
        event("MainReportVersion", "info", "", &json!({ "version": "=1.11.16" }));
        let selected = |id: &str| {
            let name = id.rsplit('.').next().unwrap_or_default();
            self.arguments.iter().any(|argument| {
                argument.ends_with(&format!("{name}.sql")) || argument.ends_with(&format!("{name}.csv"))
            })
        };
        let mut results = Vec::new();
        let mut has_failed = false;
        for (id, _, materialized, _) in NODES.iter().filter(|(id, ..)| selected(id) && !self.is("selects_nothing")) {
            if (self.is("forgets") && *id == "model.shop.totals") || *materialized == "ephemeral" {
                continue;
            }
            node("LogStartLine", "info", id, "started");
            let status = match *id {
                "model.shop.orders" if self.is("fails") || self.is("fails_to_compile") => "error",
                "model.shop.totals" if has_failed || self.is("skips") => "skipped",
                _ => "success",
            };
            has_failed |= status == "error";
            if status == "error" {
                self.report_error(id);
            }
            node("LogModelResult", "info", id, status);
            let confirmed = if self.is("results_disagree") { "skipped" } else { status };
            results.push(json!({ "unique_id": id, "status": confirmed }));
        }
        let invocation = if self.is("stale") { "an older call" } else { INVOCATION };
        let results = json!({ "metadata": { "invocation_id": invocation }, "results": results });
        if !self.is("no_results") {
            fs::write(self.target().join("run_results.json"), results.to_string()).expect("results");
        }
        if self.is("dies") {
            let _ = Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
            hang();
        }
        u8::from(has_failed && !self.is("exit_0"))
    }

    fn report_error(&self, id: &str) {
        let text = if self.is("fails_to_compile") {
            "  Compilation Error in model orders (models/orders.sql)\n  Required var 'x' not found in config:\n  Vars supplied to orders = {\n  \"secret\": \"hidden value\"\n  }"
        } else {
            "  Runtime Error in model orders (models/orders.sql)\n  Conversion Error: Could not convert string 'Jane' to INT32\n  \n  LINE 5:     select 'Jane'\n                     ^"
        };
        let data = json!({ "node_info": { "unique_id": id, "node_status": "error" } });
        event("RunResultError", "error", text, &data);
    }
}

fn manifest(adapter: &str) -> Value {
    let nodes = NODES.iter().map(|(id, kind, materialized, depends_on)| {
        let name = id.rsplit('.').next().unwrap_or_default();
        let file = if *kind == "seed" { format!("seeds/{name}.csv") } else { format!("models/{name}.sql") };
        let node = json!({
            "resource_type": kind, "name": name, "package_name": "shop", "original_file_path": file,
            "fqn": ["shop", name], "tags": [], "schema": "main", "alias": name,
            "config": { "materialized": materialized }, "depends_on": { "nodes": depends_on },
        });
        ((*id).to_owned(), node)
    });
    json!({
        "metadata": { "adapter_type": adapter, "project_name": "shop" },
        "nodes": nodes.collect::<serde_json::Map<_, _>>(),
    })
}

/// Never returns.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Lines that aren't events, and events in pieces.
fn garbage() {
    let mut out = io::stdout();
    for bytes in [
        &b"\n\nplain text\n{}\n\"text\"\n[1]\n{\"info\": {}}\nbad byte \xff\n{\"info\": {\"name\": \"Half"[..],
        b"\", \"level\": \"info\"}}\n",
    ] {
        out.write_all(bytes).expect("written");
        out.flush().expect("flushed");
    }
    out.write_all(&vec![b'y'; 3 << 20]).expect("written");
    out.write_all(b"\n").expect("written");
}

fn node(name: &str, level: &str, id: &str, status: &str) {
    let data = json!({ "node_info": { "unique_id": id, "node_status": status }, "execution_time": 0.25 });
    event(name, level, "", &data);
}

fn event(name: &str, level: &str, message: &str, data: &Value) {
    let info = json!({ "name": name, "level": level, "msg": message, "invocation_id": INVOCATION });
    println!("{}", json!({ "info": info, "data": data }));
    io::stdout().flush().expect("flushed");
}
