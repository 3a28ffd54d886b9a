//! How the engine is set up, and how a file is attached to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use duckdb::{Config, Connection};

use super::{DatabaseOptions, error};
use crate::{disk, sql};

/// Rows of a row group, four vectors of the engine. What a stage writes of a table for a year is then several whole groups,
/// which the engine compresses and writes to the file once, instead of into the log and again at a checkpoint; and a query for a
/// year skips the groups of the others. The default, 122,880, is made for larger tables than a year of ours.
const ROWS_PER_GROUP: u32 = 8192;

/// Constants and packed bits do for labels, dates and money. What is left as text are ids, hardly one of which repeats:
/// looking for patterns in them costs more than writing them. As part of the configuration the setting has no effect.
const LIGHT_COMPRESSION: &str =
    "set disabled_compression_methods = 'alp,alprd,dict_fsst,dictionary,fsst,rle,roaring,zstd'";

/// Folding the log must not merge the row groups of several years into fewer: it would write most tables anew to save a few
/// kilobytes. Groups that are empty are given back all the same.
const NO_MERGING: &str = "set max_vacuum_tasks = 0";

/// Errors tell their kind, the place in the statement and the system's number apart from their words. For one connection.
pub(super) const ERRORS_AS_DATA: &str = "set errors_as_json = true";

/// Names that the engine keeps for itself.
const RESERVED: [&str; 4] = ["main", "memory", "system", "temp"];

/// A connection to an engine of its own, and what may be tried when its memory runs out, the last one first.
pub(super) struct Engine {
    pub(super) connection: Connection,
    pub(super) reliefs: Vec<MemoryRelief>,
    pub(super) layout: Arc<AtomicU64>,
}

/// A way to get along with memory.
#[derive(Debug)]
pub(super) struct MemoryRelief {
    pub(super) what: &'static str,
    pub(super) sql: String,
}

/// An engine with nothing but memory.
pub(super) fn to_memory(options: &DatabaseOptions) -> duckdb::Result<Engine> {
    engine(options, options.spill_directory.clone())
}

/// An engine with the file's database, which is created if it is not there.
pub(super) fn to_file(path: &Path, options: &DatabaseOptions) -> duckdb::Result<Engine> {
    let beside = || {
        let mut spill = path.as_os_str().to_owned();
        spill.push(".tmp");
        PathBuf::from(spill)
    };
    let spill = options.spill_directory.clone().unwrap_or_else(beside);
    let left_behind = if options.read_only { Vec::new() } else { spilled(&spill) };
    let engine = engine(options, Some(spill.clone()))?;
    if !options.read_only && path.symlink_metadata().is_err() {
        create(&engine.connection, path)?;
    }
    let read_only = if options.read_only { ", read_only" } else { "" };
    engine.connection.execute_batch(&format!(
        "attach {} as {} (type duckdb, row_group_size {ROWS_PER_GROUP}{read_only})",
        path_literal(path)?,
        name(path)
    ))?;
    enter(&engine.connection, path)?;
    // Now that the file is ours, nobody needs what a process that was killed had spilled; it holds data of people.
    if !left_behind.is_empty() {
        for file in left_behind {
            if let Err(e) = fs::remove_file(&file) {
                log::warn!("{} of an earlier process cannot be removed: {e}", file.display());
            }
        }
        // It stays if there is anything else in it.
        let _ = fs::remove_dir(&spill);
    }
    Ok(engine)
}

/// Makes a new file beside its place, and moves it there when it is whole. A process that died while the engine writes the headers
/// of a file would leave one that is no database, in the way of all who try again.
fn create(connection: &Connection, path: &Path) -> duckdb::Result<()> {
    let part = path.with_added_extension("part");
    // Of a process that died so.
    let _ = fs::remove_file(&part);
    connection.execute_batch(&format!(
        "attach {} as \"new file\" (type duckdb); detach \"new file\"",
        path_literal(&part)?
    ))?;
    error::passed("write.create")?;
    let moved = fs::rename(&part, path).and_then(|()| disk::sync_name_of(path));
    moved.map_err(|e| error::system("the new file cannot be moved to its place", &e))
}

/// The path as SQL writes it: an absolute one is never taken for the name of a service or of another format.
fn path_literal(path: &Path) -> duckdb::Result<String> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let absolute = absolute.to_str().ok_or_else(|| duckdb::Error::InvalidPath(path.to_owned()))?;
    Ok(sql::literal(absolute))
}

/// The engine's files in a spill directory.
fn spilled(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter(|e| e.file_name().to_string_lossy().starts_with("duckdb_temp_")).map(|e| e.path()).collect()
}

/// Makes the file's database the one that names without a database stand for.
pub(super) fn enter(connection: &Connection, path: &Path) -> duckdb::Result<()> {
    connection.execute_batch(&format!("use {}", name(path)))
}

/// The database's name as SQL writes it: the file's, without the extension, as other programs that open it name it too.
fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let reserved = RESERVED.iter().any(|name| stem.eq_ignore_ascii_case(name));
    sql::identifier(&format!("{stem}{}", if reserved { "_file" } else { "" }))
}

/// An engine whose limits are in force before it opens a file.
fn engine(options: &DatabaseOptions, spill: Option<PathBuf>) -> duckdb::Result<Engine> {
    // Extensions come from the network; a run must not depend on what happens to be reachable.
    let mut config = Config::default()
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?
        // A stage's commit must not pay for a checkpoint of the file; the run asks for one at the end of a year.
        .with("checkpoint_threshold", "1TB")?;
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
    connection.execute_batch(LIGHT_COMPRESSION)?;
    connection.execute_batch(NO_MERGING)?;
    let mut reliefs = vec![MemoryRelief {
        what: "on one thread, with rows in any order",
        sql: "set threads = 1; set preserve_insertion_order = false".to_owned(),
    }];
    // A limit that the user gave is kept.
    if let (None, Some(need)) = (options.memory_limit, options.memory_need) {
        let spare: String = connection.query_row("select current_setting('memory_limit')", [], |row| row.get(0))?;
        if bytes(&spare).is_none_or(|spare| need < spare) {
            connection.execute_batch(&format!("set memory_limit = '{need}B'"))?;
            // Not `reset`, which changes the setting and not the limit.
            let sql = format!("set memory_limit = '{spare}'");
            reliefs.push(MemoryRelief { what: "with all the memory that the machine can spare", sql });
        }
    }
    Ok(Engine { connection, reliefs, layout: Arc::default() })
}

/// A size as the engine writes it, for example `18.8 GiB`.
fn bytes(size: &str) -> Option<u64> {
    let (number, unit) = size.split_once(' ')?;
    let power = ["bytes", "KiB", "MiB", "GiB", "TiB"].iter().position(|u| *u == unit)?;
    let bytes = number.parse::<f64>().ok()? * 1024_f64.powi(i32::try_from(power).ok()?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a memory size in bytes")]
    Some(bytes as u64)
}
