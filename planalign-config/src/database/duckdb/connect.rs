//! Setting up the engine and attaching files to it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use duckdb::{Config, Connection};

use super::{DatabaseOptions, error};
use crate::{disk, sql};

/// Rows per row group, four vectors of the engine. A stage's rows for a year then fill whole groups, which the engine
/// compresses and writes to the file once, instead of into the log and again at a checkpoint; and a query for a year skips the
/// groups of other years. The default, 122,880, is meant for larger tables than a year of ours.
const ROWS_PER_GROUP: u32 = 8192;

/// Constants and bit packing suffice for labels, dates, and money. The remaining text is IDs, which rarely repeat, so looking
/// for patterns in them costs more than writing them. The setting has no effect as part of the engine's configuration.
const LIGHT_COMPRESSION: &str =
    "set disabled_compression_methods = 'alp,alprd,dict_fsst,dictionary,fsst,rle,roaring,zstd'";

/// Folding the log must not merge row groups of several years: that would rewrite most tables to save a few kilobytes. Empty
/// groups are still freed.
const NO_MERGING: &str = "set max_vacuum_tasks = 0";

/// Makes errors structured: kind, position in the statement, system error number, and message. Applies to one connection.
pub(super) const ERRORS_AS_DATA: &str = "set errors_as_json = true";

/// Names that the engine reserves.
const RESERVED: [&str; 4] = ["main", "memory", "system", "temp"];

/// A connection to a new engine, and what to try when its memory runs out, last one first.
pub(super) struct Engine {
    pub(super) connection: Connection,
    pub(super) reliefs: Vec<MemoryRelief>,
    pub(super) layout: Arc<AtomicU64>,
    /// A second handle to a file that is open for writing.
    pub(super) file: Option<Arc<File>>,
}

/// A way to relieve memory pressure.
#[derive(Debug)]
pub(super) struct MemoryRelief {
    pub(super) what: &'static str,
    pub(super) sql: String,
}

/// Takes over a connection to an engine that was set up elsewhere.
pub(super) fn on(connection: Connection) -> duckdb::Result<Engine> {
    connection.execute_batch(ERRORS_AS_DATA)?;
    Ok(Engine { connection, reliefs: Vec::new(), layout: Arc::default(), file: None })
}

/// Starts an in-memory engine.
pub(super) fn to_memory(options: &DatabaseOptions) -> duckdb::Result<Engine> {
    engine(options, options.spill_directory.clone())
}

/// Starts an in-memory engine whose default database has the name of the database at `path`.
pub(super) fn to_memory_like(path: &Path, options: &DatabaseOptions) -> duckdb::Result<Engine> {
    let engine = to_memory(options)?;
    engine.connection.execute_batch(&format!("attach ':memory:' as {}", name(path)))?;
    enter(&engine.connection, path)?;
    Ok(engine)
}

/// Starts an engine with the database of `file`, creating it if missing, under the name of the database at `path`.
pub(super) fn to_file(path: &Path, file: &Path, options: &DatabaseOptions) -> duckdb::Result<Engine> {
    let beside = || {
        let mut spill = path.as_os_str().to_owned();
        spill.push(".tmp");
        PathBuf::from(spill)
    };
    let spill = options.spill_directory.clone().unwrap_or_else(beside);
    let left_behind = if options.read_only { Vec::new() } else { spilled(&spill) };
    let mut engine = engine(options, Some(spill.clone()))?;
    if !options.read_only && file.symlink_metadata().is_err() {
        create(&engine.connection, file)?;
    }
    let rows = if options.tuned { format!(", row_group_size {ROWS_PER_GROUP}") } else { String::new() };
    let read_only = if options.read_only { ", read_only" } else { "" };
    let (file_literal, name) = (path_literal(file)?, name(path));
    engine.connection.execute_batch(&format!("attach {file_literal} as {name} (type duckdb{rows}{read_only})"))?;
    engine.file = if options.read_only { None } else { File::open(file).map(Arc::new).ok() };
    enter(&engine.connection, path)?;
    // Now that we have the file, remove what a killed process spilled, because it contains employee data.
    if !left_behind.is_empty() {
        for file in left_behind {
            if let Err(e) = fs::remove_file(&file) {
                log::warn!("cannot remove {} of an earlier process: {e}", file.display());
            }
        }
        // It stays if it contains anything else.
        let _ = fs::remove_dir(&spill);
    }
    Ok(engine)
}

/// Creates a new file under a temporary name and renames it once it is complete. If the process died while the engine writes
/// the headers, the file wouldn't be a database, and later attempts would fail.
fn create(connection: &Connection, path: &Path) -> duckdb::Result<()> {
    let part = path.with_added_extension("part");
    // Left by a process that died.
    let _ = fs::remove_file(&part);
    connection.execute_batch(&format!(
        "attach {} as \"new file\" (type duckdb); detach \"new file\"",
        path_literal(&part)?
    ))?;
    error::passed("write.create")?;
    let moved = fs::rename(&part, path).and_then(|()| disk::sync_name_of(path));
    moved.map_err(|e| error::system("cannot rename the new file", &e))
}

/// The path as an SQL literal. It is absolute, so the engine can't take it for a service or another format.
pub(super) fn path_literal(path: &Path) -> duckdb::Result<String> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let absolute = absolute.to_str().ok_or_else(|| duckdb::Error::InvalidPath(path.to_owned()))?;
    Ok(sql::literal(absolute))
}

/// The engine's files in a spill directory.
fn spilled(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(|e| e.file_name().to_string_lossy().starts_with("duckdb_temp_")).map(|e| e.path()).collect()
}

/// Makes the file's database the default.
pub(super) fn enter(connection: &Connection, path: &Path) -> duckdb::Result<()> {
    connection.execute_batch(&format!("use {}", name(path)))
}

/// Makes another connection's default database the default.
pub(super) fn follow(connection: &Connection, other: &Connection) -> duckdb::Result<()> {
    let name: String = other.query_row("select current_database()", [], |row| row.get(0))?;
    connection.execute_batch(&format!("use {}", sql::identifier(&name)))
}

/// The database's SQL name: the file name without its extension, as in other programs that open it.
fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let reserved = RESERVED.iter().any(|name| stem.eq_ignore_ascii_case(name));
    sql::identifier(&format!("{stem}{}", if reserved { "_file" } else { "" }))
}

/// Starts an engine whose limits apply before it opens a file.
fn engine(options: &DatabaseOptions, spill: Option<PathBuf>) -> duckdb::Result<Engine> {
    // Extensions come from the network, and a run must not depend on it.
    let mut config =
        Config::default().enable_autoload_extension(false)?.with("autoinstall_known_extensions", "false")?;
    if options.tuned {
        // A stage's commit must not trigger a checkpoint of the file; the run requests one at the end of a year.
        config = config.with("checkpoint_threshold", "1TB")?;
    }
    if let Some(threads) = options.threads {
        config = config.threads(i64::try_from(threads).unwrap_or(i64::MAX))?;
    }
    if let Some(bytes) = options.memory_limit {
        config = config.max_memory(&format!("{bytes}B"))?;
    }
    if let Some(directory) = spill {
        config = config.with("temp_directory", directory.to_string_lossy())?;
    }
    let connection = Connection::open_in_memory_with_flags(config)?;
    connection.execute_batch(ERRORS_AS_DATA)?;
    if options.tuned {
        connection.execute_batch(LIGHT_COMPRESSION)?;
        connection.execute_batch(NO_MERGING)?;
    }
    let mut reliefs = vec![MemoryRelief {
        what: "on one thread, with rows in any order",
        sql: "set threads = 1; set preserve_insertion_order = false".to_owned(),
    }];
    // A user-defined limit is kept.
    if let (None, Some(need)) = (options.memory_limit, options.memory_need) {
        let spare: String = connection.query_row("select current_setting('memory_limit')", [], |row| row.get(0))?;
        if bytes(&spare).is_none_or(|spare| need < spare) {
            connection.execute_batch(&format!("set memory_limit = '{need}B'"))?;
            // Not `reset`, which changes the setting but not the limit.
            let sql = format!("set memory_limit = '{spare}'");
            reliefs.push(MemoryRelief { what: "with all available memory", sql });
        }
    }
    Ok(Engine { connection, reliefs, layout: Arc::default(), file: None })
}

/// Parses a size as the engine writes it, such as `18.8 GiB`.
fn bytes(size: &str) -> Option<u64> {
    let (number, unit) = size.split_once(' ')?;
    let power = ["bytes", "KiB", "MiB", "GiB", "TiB"].iter().position(|u| *u == unit)?;
    let bytes = number.parse::<f64>().ok()? * 1024_f64.powi(i32::try_from(power).ok()?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a memory size in bytes")]
    Some(bytes as u64)
}
