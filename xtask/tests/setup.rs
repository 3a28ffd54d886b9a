//! Runs `./setup` in a temporary checkout with a temporary cache, against a fake `npm` and fake libraries.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A library with what `./setup` checks: its version, and whether a query for JSON and Parquet succeeds.
fn library(version: &str, query_result: u8) -> String {
    format!(
        "const char *duckdb_library_version(void) {{ return \"{version}\"; }}
         int duckdb_open(const char *path, void **out) {{ return 0; }}
         int duckdb_connect(void *database, void **out) {{ return 0; }}
         int duckdb_query(void *connection, const char *sql, void *out) {{ return {query_result}; }}"
    )
}

struct Checkout {
    folder: TempDir,
}

impl Checkout {
    /// Symlinks to the workspace, except for `setup` and `.cargo`.
    fn new() -> Self {
        let checkout = Self { folder: tempfile::tempdir().expect("temporary folder") };
        fs::create_dir_all(checkout.path("clone/.cargo")).expect("clone");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        for name in fs::read_dir(root).expect("list").map(|entry| entry.expect("entry").file_name()) {
            match name.to_str() {
                Some(".cargo" | ".git" | "target") => {}
                Some("setup") => drop(fs::copy(root.join(&name), checkout.path("clone/setup")).expect("copy")),
                _ => symlink(root.join(&name), checkout.path("clone").join(&name)).expect("link"),
            }
        }
        checkout.hide_npm();
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder with every command except `npm`.
    fn hide_npm(&self) {
        fs::create_dir(self.path("bin")).expect("bin");
        for folder in std::env::split_paths(&std::env::var_os("PATH").expect("PATH")) {
            for command in fs::read_dir(folder).into_iter().flatten().flatten() {
                let link = self.path("bin").join(command.file_name());
                if command.file_name() != "npm" && !link.is_symlink() {
                    symlink(command.path(), link).expect("link");
                }
            }
        }
    }

    /// Replaces a command with a shell script.
    fn command(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// Compiles a C library.
    fn compile(&self, name: &str, source: &str) {
        fs::write(self.path("library.c"), source).expect("write");
        let mut command = Command::new("cc");
        command.args(["-w", "-shared", "-fPIC", "-o"]).arg(self.path(name)).arg(self.path("library.c"));
        assert!(command.status().expect("cc").success());
    }

    /// Runs `./setup` and returns its exit code and output.
    fn setup(&self, arguments: &[&str]) -> String {
        self.setup_with_cache(arguments, &self.path("cache"))
    }

    fn setup_with_cache(&self, arguments: &[&str], cache: &Path) -> String {
        let mut command = Command::new(self.path("clone/setup"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PATH", self.path("bin")).env("XDG_CACHE_HOME", cache).env_remove("CARGO_TARGET_DIR");
        let output = command.output().expect("run ./setup");
        let text = format!(
            "{}{}exit code {}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            output.status.code().expect("an exit code")
        );
        let text = text.replace(&self.folder.path().to_string_lossy().into_owned(), "[DIR]");
        // Cargo prints this while another test is calling it.
        text.lines().filter(|line| !line.contains("waiting for file lock")).collect::<Vec<_>>().join("\n")
    }

    /// Returns the contents of the cache, and whether cargo uses it.
    fn installed(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.path("cache")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
            }
        }
        found.extend(fs::read_dir(self.path("clone/.cargo")).expect("list").map(|entry| entry.expect("entry").path()));
        let below =
            |path: &PathBuf| path.strip_prefix(self.folder.path()).expect("path in the checkout").display().to_string();
        let mut found: Vec<String> = found.iter().map(below).collect();
        found.sort();
        found
    }
}

/// Returns the version of `DuckDB` bound by `libduckdb-sys` in Cargo.lock.
fn version() -> String {
    let lock = include_str!("../../Cargo.lock");
    let after = lock.split_once("name = \"libduckdb-sys\"\nversion = \"1.").expect("libduckdb-sys").1;
    let number: u32 = after.split('.').next().and_then(|number| number.parse().ok()).expect("a number");
    format!("v{}.{}.{}", number / 10_000, number / 100 % 100, number % 100)
}

#[test]
fn a_library_on_disk_is_installed_once_for_all_clones() {
    let checkout = Checkout::new();
    checkout.compile("libduckdb.so", &library(&version(), 0));
    let output = checkout.setup(&["--from", "libduckdb.so"]);
    assert!(output.ends_with("next: cargo run -p planalign-cli -- simulate\nexit code 0"), "{output}");
    let installed = checkout.installed();
    let cached: Vec<_> = installed.iter().filter(|file| file.starts_with("cache/")).cloned().collect();
    assert!(cached.iter().any(|file| file.contains("/link/libduckdb.")), "{installed:?}");
    assert_eq!(installed.len(), cached.len() + 1, "and .cargo/prebuilt.toml");

    let written =
        || fs::metadata(checkout.path("clone/.cargo/prebuilt.toml")).and_then(|m| m.modified()).expect("time");
    let before = written();
    assert_eq!(checkout.setup(&["--from", "libduckdb.so"]), output, "a second time changes nothing");
    assert_eq!((checkout.installed(), written()), (installed.clone(), before));

    let back = checkout.setup(&["--source"]);
    assert!(back.starts_with("cargo compiles DuckDB from source"), "{back}");
    assert_eq!(checkout.installed(), cached, "the library stays for other clones");
    checkout.setup(&["--from", "libduckdb.so"]);
    assert_eq!(checkout.installed(), installed);
}

#[test]
fn a_damaged_library_is_reinstalled() {
    let checkout = Checkout::new();
    checkout.compile("libduckdb.so", &library(&version(), 0));
    checkout.setup(&["--from", "libduckdb.so"]);
    let installed = checkout.installed();
    let library = installed.iter().find(|file| file.contains("/libduckdb.") && !file.contains("/link/"));
    let library = checkout.path(library.expect("the library"));
    fs::write(&library, "half a library").expect("damage");
    checkout.setup(&["--from", "libduckdb.so"]);
    assert_eq!(fs::read(library).expect("read"), fs::read(checkout.path("libduckdb.so")).expect("read"));
    assert_eq!(checkout.installed(), installed);
}

/// Each failure reports what is wrong and what to do, and installs nothing.
#[test]
fn failures() {
    let checkout = Checkout::new();
    let mut outputs = Vec::new();
    let mut fails = |what: &str, arguments: &[&str]| {
        outputs.push(format!("-- {what}\n{}", checkout.setup(arguments)));
        assert_eq!(checkout.installed(), Vec::<String>::new(), "{what}");
    };
    fails("an unknown option", &["--prebuilt"]);
    fails("no such file", &["--from", "missing.so"]);
    fs::write(checkout.path("text.so"), "not a library").expect("write");
    fails("not a library", &["--from", "text.so"]);
    checkout.compile("other.so", "int f(void) { return 0; }");
    fails("a library of something else", &["--from", "other.so"]);
    checkout.compile("old.so", &library("v1.4.0", 0));
    fails("another version", &["--from", "old.so"]);
    checkout.compile("small.so", &library(&version(), 1));
    fails("without JSON or Parquet", &["--from", "small.so"]);
    fails("no npm", &[]);
    checkout.command("npm", "echo 'npm error 404 Not Found' >&2; exit 1");
    fails("npm fails", &[]);
    checkout.command("npm", "printf 'half an archive' >package.tgz");
    fails("half a download", &[]);
    let other = "mkdir package; echo other >package/libduckdb.so; echo other >package/libduckdb.dylib";
    checkout.command("npm", &format!("{other}; tar -czf package.tgz package; rm -r package"));
    fails("another file", &[]);
    checkout.command("rustc", "echo 'host: x86_64-unknown-linux-musl'");
    fails("another platform", &[]);
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{64}", "[SHA-256]"),
        (r"libduckdb\.(so|dylib)", "libduckdb.so"),
        (r"cannot be used: .*too short", "cannot be used: [WHAT THE LOADER SAYS]"),
        (r"node-bindings-\w+-\w+@[\w.-]+", "node-bindings-[PLATFORM]@[VERSION]"),
        (r"libduckdb-sys [0-9.]+ needs v[0-9.]+", "libduckdb-sys [VERSION] needs v[VERSION]"),
        (r"DuckDB v\d+\.\d+\.\d+ without", "DuckDB v[VERSION] without"),
    ]}, { insta::assert_snapshot!(outputs.join("\n\n")) });
}

#[test]
fn a_cache_that_cannot_be_written() {
    let checkout = Checkout::new();
    checkout.compile("libduckdb.so", &library(&version(), 0));
    fs::write(checkout.path("file"), "").expect("write");
    let output = checkout.setup_with_cache(&["--from", "libduckdb.so"], &checkout.path("file"));
    insta::assert_snapshot!(output, @"
    error: cannot write to `[DIR]/file/planalign/engine`
    help: set XDG_CACHE_HOME to a writable folder
    exit code 1
    ");
    let output = checkout.setup_with_cache(&["--from", "libduckdb.so"], &checkout.path("it's"));
    insta::assert_snapshot!(output, @"
    error: the cache path `[DIR]/it's/planalign/engine` contains a quote or comma, which cargo or the linker would misread
    help: set XDG_CACHE_HOME to another folder
    exit code 1
    ");
    assert_eq!(checkout.installed(), Vec::<String>::new());
}
