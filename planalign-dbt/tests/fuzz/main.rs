//! Damaged projects never make the embedded runner panic, hang, or overflow the stack: projects of the tests are mutated by a
//! seed, loaded, selected, compiled, and built.
//!
//! A short form runs with all tests; `cargo xtask fuzz --minutes 10` runs a long one. Cases run in a child process, so that the
//! seed of one that kills it is known.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints its results")]

mod mutation;
#[path = "../support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use planalign_dbt::{
    AfterFailure, Connection, Database, EmbeddedRunner, Flow, LoadOptions, ModelRunner as _, Selection, Vars,
};
use support::vars;

use mutation::{Corpus, Mutated};

/// Cases of the short form.
const CASES: u64 = 60;

/// Cases of one child.
const BATCH: u64 = 500;

/// Time after which a case's statements are interrupted, because a mutated statement may take any time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Time after which a case that was interrupted hangs.
const LIMIT: Duration = Duration::from_secs(20);

/// The stack of a thread, unless its owner wants another.
const STACK: usize = 2 << 20;

/// Exit code of a child whose case hangs.
const HANGS: i32 = 3;

struct Arguments {
    seed: u64,
    cases: u64,
    minutes: u64,
    is_child: bool,
    /// Where to write the project of the last case.
    keep: Option<String>,
}

impl Arguments {
    fn read() -> Self {
        let mut read = Self { seed: 0, cases: CASES, minutes: 0, is_child: false, keep: None };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a number");
            match word.as_str() {
                "--seed" => read.seed = number(),
                "--cases" => read.cases = number(),
                "--minutes" => (read.minutes, read.cases) = (number(), u64::MAX),
                "--child" => read.is_child = true,
                "--keep" => read.keep = words.next(),
                // What `cargo test` passes to all tests.
                _ => {}
            }
        }
        read
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::read();
    if arguments.is_child {
        return run_cases(&arguments);
    }
    let end = (arguments.minutes > 0).then(|| Instant::now() + Duration::from_secs(60 * arguments.minutes));
    let (mut next, mut found) = (0, Vec::new());
    while next < arguments.cases && end.is_none_or(|end| Instant::now() < end) {
        let first = arguments.seed + next;
        match batch(first, BATCH.min(arguments.cases - next), end) {
            Ok(done) => next += done,
            Err((seed, why)) => {
                println!("{why}\n  reproduce it with `cargo xtask fuzz --seed {seed} --cases 1 --keep FOLDER`");
                found.push(seed);
                next = seed + 1 - arguments.seed;
            }
        }
    }
    println!("fuzz: {next} damaged projects, {} of which the runner doesn't survive", found.len());
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs cases in a child until the end and returns their number, or the seed of the case that killed it and how.
fn batch(first: u64, cases: u64, end: Option<Instant>) -> Result<u64, (u64, String)> {
    let this = std::env::current_exe().expect("this program");
    let mut child = Command::new(this)
        .args(["--child", "--seed", &first.to_string(), "--cases", &cases.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("child");
    let errors = child.stderr.take().map(|mut errors| {
        thread::spawn(move || {
            let mut text = Vec::new();
            _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    let started = seeds(&mut child);
    let mut current = first;
    let mut why = None;
    loop {
        match started.recv_timeout(2 * LIMIT) {
            Ok(seed) => current = seed,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                why = Some("hangs".to_owned());
                break;
            }
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            _ = child.kill();
            _ = child.wait();
            return Ok(current - first);
        }
    }
    if why.is_some() {
        _ = child.kill();
    }
    let status = child.wait().expect("status");
    if why.is_none() && status.success() {
        return Ok(cases);
    }
    let errors = errors.and_then(|reader| reader.join().ok()).unwrap_or_default();
    let errors: Vec<&str> = errors.lines().take(12).collect();
    let why = why.unwrap_or_else(|| if status.code() == Some(HANGS) { "hangs".to_owned() } else { status.to_string() });
    Err((current, format!("seed {current}: {why}\n{}", errors.join("\n"))))
}

/// The seeds that a child reports before each case.
fn seeds(child: &mut Child) -> Receiver<u64> {
    let (send, receive) = channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            let seeds = BufReader::new(output).lines().map_while(Result::ok).filter_map(|line| line.parse().ok());
            for seed in seeds {
                if send.send(seed).is_err() {
                    break;
                }
            }
        });
    }
    receive
}

/// Runs cases in this process.
fn run_cases(arguments: &Arguments) -> ExitCode {
    let corpus = Corpus::read();
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.cases) {
        println!("{seed}");
        let project = corpus.mutated(seed);
        if let Some(folder) = &arguments.keep {
            project.write(Path::new(folder));
        }
        let folder = tempfile::tempdir().expect("folder");
        project.write(folder.path());
        let connection = Connection::open_in_memory().expect("engine");
        let directory = folder.path().display();
        // A mutated statement can read and write nothing else.
        let limits = format!(
            "set memory_limit = '1GB'; set threads = 1; set allowed_directories = ['{directory}']; set enable_external_access = false"
        );
        connection.execute_batch(&limits).expect("limits");
        let interrupt = connection.interrupt_handle();
        let (done, waiting) = channel::<()>();
        let work = move || {
            let _done = done;
            build(&project, folder.path(), &Database::on(connection).expect("database"));
        };
        let worker = thread::Builder::new().stack_size(STACK).spawn(work).expect("thread");
        let began = Instant::now();
        let mut patience = PATIENCE;
        while waiting.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            interrupt.interrupt();
            patience = Duration::from_millis(50);
            if began.elapsed() > LIMIT {
                eprintln!("not done after {} seconds", LIMIT.as_secs());
                return ExitCode::from(u8::try_from(HANGS).unwrap_or(1));
            }
        }
        if worker.join().is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Does with a project what a user can do.
fn build(project: &Mutated, folder: &Path, database: &Database) {
    let vars = vars(r#"{"year": 2025, "rate": 0.00001, "kind": "table", "n": 1}"#);
    for defers_errors in [false, true] {
        let options = LoadOptions { defers_errors, ..LoadOptions::default() };
        if let Ok(runner) = EmbeddedRunner::load_with(folder, database.clone(), &vars, options) {
            use_all(runner, project, &vars);
        }
    }
}

fn use_all(mut runner: EmbeddedRunner, project: &Mutated, vars: &Vars) {
    _ = runner.select(&project.selection);
    _ = runner.list(&Selection::of(project.selection.as_str()));
    for name in runner.select("").unwrap_or_default() {
        _ = runner.compile(&name, vars);
    }
    _ = runner.build(&Selection::default(), vars, AfterFailure::Continue, &mut |_| Flow::Continue);
}
