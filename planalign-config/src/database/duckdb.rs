//! The one way into `DuckDB`: opening a file, statements, and the transaction that stages share.

mod columns;
mod connect;
mod error;
mod fold;
mod header;
mod open_files;
mod redact;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use duckdb::arrow::array::Array;
use duckdb::types::{TimeUnit, Value as DuckValue, ValueRef};
use duckdb::{Connection, appender_params_from_iter, params_from_iter};

use crate::database::UnitOfWork;
use crate::database::tables::only_value;
use crate::database::{DatabaseError, Row, Rows, Tables, Value};
use crate::runtime::failpoint;
use connect::{Engine, MemoryRelief};
use open_files::{Claim, OpenFile};

/// Engines before this can lose acknowledged rows on a full disk.
const OLDEST_ENGINE: (&str, [u32; 3]) = ("1.5.5", [1, 5, 5]);

/// How a database is opened. Limits are set before the file is, because the engine plans by them while it replays a log.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// Worker threads; `None`: all cores.
    pub threads: Option<usize>,
    /// Memory limit in bytes; `None`: four fifths of the machine's memory, or `memory_need` if that is less.
    pub memory_limit: Option<u64>,
    /// Bytes that are enough for the work at hand; more would only keep what is in the file anyway.
    pub memory_need: Option<u64>,
    /// Where the engine spills; `None`: beside the file.
    pub spill_directory: Option<PathBuf>,
    /// Whether the file is only read.
    pub read_only: bool,
    /// Waits between attempts while another process holds the file. An empty list gives up at once.
    pub busy_waits: Vec<Duration>,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        let busy_waits = [20, 40, 80, 160].map(Duration::from_millis).to_vec();
        Self {
            threads: None,
            memory_limit: None,
            memory_need: None,
            spill_directory: None,
            read_only: false,
            busy_waits,
        }
    }
}

/// A handle to one connection of one database. Clones share the connection, and with it the open transaction.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    path: Option<PathBuf>,
    transaction: Transaction,
    /// What may be tried when memory runs out, the last one first.
    reliefs: Vec<MemoryRelief>,
    /// Counts what may have changed the layout, on all connections to the database.
    layout: Arc<AtomicU64>,
    /// What is saved while the log is folded. Fields end in their order: these after the connection.
    saved: Option<fold::Saved>,
    /// A file that is open for writing, once more.
    file: Option<Arc<File>>,
    /// The file is open as long as this is, so it ends last.
    open: Option<Arc<OpenFile>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A statement failed: the engine would answer COMMIT with success and write nothing.
    Poisoned,
}

impl Database {
    /// Opens the file, or creates it. Waits while another process holds it, as long as `busy_waits` say. Within this process a
    /// file is open once: who reads a file that is only read shares its engine, with the options of who came first; everybody else
    /// waits as long, and is refused then.
    pub fn open(path: &Path, options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let mut waits = options.busy_waits.iter();
        loop {
            match (Self::open_once(path, options), waits.next()) {
                (Err(error @ (DatabaseError::Busy { .. } | DatabaseError::OpenHere { .. })), Some(wait)) => {
                    log::info!("{error}, trying again in {wait:?}");
                    thread::sleep(*wait);
                }
                (result, _) => return result,
            }
        }
    }

    fn open_once(path: &Path, options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let open = match open_files::claim(path, options.read_only) {
            Claim::New(open) => open,
            Claim::Shared(open) => {
                let inner = open.connection().ok_or_else(|| DatabaseError::OpenHere { path: path.to_owned() })?;
                return Self { inner }.second_connection();
            }
            Claim::Busy => return Err(DatabaseError::OpenHere { path: path.to_owned() }),
        };
        let mut connections = open.connections();
        header::check(path)?;
        if let Err(error) = fold::put_back(path) {
            log::warn!("blocks of {} that were saved cannot be put back: {error}", path.display());
        }
        let engine = connect::to_file(path, options).map_err(|e| DatabaseError::open(path.to_owned(), &e))?;
        let file = if options.read_only { None } else { File::open(path).map(Arc::new).ok() };
        open.identify(path);
        let database = Self::from_engine(engine, Some(path.to_owned()), file, Some(Arc::clone(&open)))?;
        connections.push(Arc::downgrade(&database.inner));
        Ok(database)
    }

    /// Opens a database that lives in memory.
    pub fn in_memory(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let engine = connect::to_memory(options).map_err(|e| DatabaseError::open(PathBuf::from(":memory:"), &e))?;
        Self::from_engine(engine, None, None, None)
    }

    fn from_engine(
        engine: Engine,
        path: Option<PathBuf>,
        file: Option<Arc<File>>,
        open: Option<Arc<OpenFile>>,
    ) -> Result<Self, DatabaseError> {
        let Engine { connection, reliefs, layout } = engine;
        let version = connection.version().map_err(|e| DatabaseError::statement(&e, ""))?;
        if parse_version(&version) < OLDEST_ENGINE.1 {
            return Err(DatabaseError::OldEngine { found: version, minimum: OLDEST_ENGINE.0 });
        }
        let transaction = Transaction::None;
        let inner = Inner { connection, path, transaction, reliefs, layout, saved: None, file, open };
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    /// A second connection to the same database, with a transaction of its own.
    pub fn second_connection(&self) -> Result<Self, DatabaseError> {
        let inner = self.lock();
        let connection = inner.connection.try_clone().map_err(|e| DatabaseError::statement(&e, ""))?;
        let set_up = connection
            .execute_batch(connect::ERRORS_AS_DATA)
            .and_then(|()| inner.path.as_ref().map_or(Ok(()), |path| connect::enter(&connection, path)));
        set_up.map_err(|e| DatabaseError::statement(&e, ""))?;
        let layout = inner.layout.clone();
        let engine = Engine { connection, reliefs: Vec::new(), layout };
        let second = Self::from_engine(engine, inner.path.clone(), inner.file.clone(), inner.open.clone())?;
        if let Some(open) = &inner.open {
            open.connections().push(Arc::downgrade(&second.inner));
        }
        Ok(second)
    }

    /// The file; `None` for a database in memory.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        self.lock().path.clone()
    }

    /// The engine's version, for example `v1.5.6`.
    pub fn engine_version(&self) -> Result<String, DatabaseError> {
        self.lock().connection.version().map_err(|e| DatabaseError::statement(&e, ""))
    }

    /// Runs one statement and returns the number of rows that it changed.
    pub fn execute(&self, sql: &str, parameters: &[Value]) -> Result<usize, DatabaseError> {
        self.lock().running("write.statement", sql, |connection| {
            let mut statement = connection.prepare(sql)?;
            statement.execute(params_from_iter(parameters.iter().map(to_duckdb)))
        })
    }

    /// Adds rows to a table, which is named by its database, its schema and its name; values are in the order of its columns.
    /// For few rows this takes a fraction of the time of a statement.
    pub fn append<const N: usize>(&self, place: [&str; 3], rows: &[[Value; N]]) -> Result<(), DatabaseError> {
        let [database, schema, table] = place;
        self.lock().guarded("write.statement", "", |connection| {
            let mut appender = connection.appender_to_catalog_and_db(table, database, schema)?;
            for row in rows {
                appender.append_row(appender_params_from_iter(row.iter().map(to_duckdb)))?;
            }
            appender.flush()
        })
    }

    /// Runs several statements separated by semicolons.
    pub fn execute_batch(&self, sql: &str) -> Result<(), DatabaseError> {
        self.lock().running("write.statement", sql, |connection| connection.execute_batch(sql))
    }

    /// Folds the log into the file. Called while no transaction is open.
    pub fn fold(&self) -> Result<(), DatabaseError> {
        let mut inner = self.lock();
        // Kept after a failure: until the engine is through with the file, nobody else may put them back.
        inner.saved = inner.save_blocks()?;
        inner.transact("write.statement", "checkpoint")?;
        inner.saved = None;
        Ok(())
    }

    /// Runs a query and returns all of its rows.
    pub fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        self.lock().running("read", sql, |connection| {
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query(params_from_iter(parameters.iter().map(to_duckdb)))?;
            let columns = rows.as_ref().map(duckdb::Statement::column_names).unwrap_or_default();
            let mut table = Rows { columns: columns.into(), rows: Vec::new() };
            while let Some(row) = rows.next()? {
                let values = (0..table.columns.len()).map(|i| row.get_ref(i).map(from_duckdb));
                table.rows.push(Row::new(table.columns.clone(), values.collect::<Result<_, _>>()?));
            }
            Ok(table)
        })
    }

    /// Runs a query whose first row is the answer; `None` if it has no row.
    pub fn query_row(&self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.query(sql, parameters)?.rows.into_iter().next())
    }

    /// The only value of a query with one column; NULL if it has no row.
    pub fn query_value(&self, sql: &str, parameters: &[Value]) -> Result<Value, DatabaseError> {
        Ok(only_value(self.query_row(sql, parameters)?))
    }

    /// A number that grows by one with every call that may have created, altered or dropped a table or a view, and with
    /// every rollback. What was known of the layout at a number still holds while the number is the same.
    #[must_use]
    pub fn layout(&self) -> u64 {
        self.lock().layout.load(Ordering::Relaxed)
    }

    /// Whether a transaction is open.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.lock().transaction != Transaction::None
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves the connection usable: the engine keeps its own state.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Runs the statements of a text on the connection.
    fn running<T>(
        &mut self,
        point: &str,
        sql: &str,
        run: impl FnOnce(&Connection) -> duckdb::Result<T>,
    ) -> Result<T, DatabaseError> {
        let result = self.guarded(point, sql, run);
        if !keeps_layout(sql) {
            self.layout.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// Saves what a fold of the log rewrites in place, if there is a log.
    fn save_blocks(&mut self) -> Result<Option<fold::Saved>, DatabaseError> {
        let (Some(path), Some(file)) = (&self.path, &self.file) else { return Ok(None) };
        if std::fs::metadata(path.with_added_extension("wal")).map_or(0, |log| log.len()) == 0 {
            return Ok(None);
        }
        let (path, file) = (path.clone(), Arc::clone(file));
        // Those of a fold that failed are held locked.
        self.saved = None;
        let blocks: Vec<u64> = self.guarded("read", "", |connection| {
            let mut statement = connection.prepare("select block_id::ubigint from pragma_metadata_info()")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })?;
        let saved = fold::save(&path, &file, &blocks);
        Ok(Some(saved.map_err(|error| DatabaseError::io("the blocks beside the database cannot be saved", &error))?))
    }

    /// Begins or ends a transaction.
    fn transact(&mut self, point: &str, sql: &str) -> Result<(), DatabaseError> {
        self.guarded(point, sql, |connection| connection.execute_batch(sql))
    }

    /// Runs something on the connection; a failure within a transaction poisons it.
    fn guarded<T>(
        &mut self,
        point: &str,
        sql: &str,
        run: impl FnOnce(&Connection) -> duckdb::Result<T>,
    ) -> Result<T, DatabaseError> {
        if self.transaction == Transaction::Poisoned {
            return Err(DatabaseError::Poisoned);
        }
        error::passed(point).and_then(|()| run(&self.connection)).map_err(|e| {
            if self.transaction == Transaction::Open {
                self.transaction = Transaction::Poisoned;
            }
            DatabaseError::statement(&e, sql)
        })
    }
}

impl Drop for Inner {
    /// The engine folds its log into the file when the last connection ends.
    fn drop(&mut self) {
        if self.path.is_none() || Arc::strong_count(&self.layout) > 1 {
            return;
        }
        let _ = failpoint::pass("close");
        if self.transaction != Transaction::None {
            self.transaction = Transaction::None;
            let _ = self.connection.execute_batch("rollback");
        }
        match self.save_blocks() {
            Ok(saved) => self.saved = saved,
            Err(error) => {
                log::warn!("the log of the database is not folded into its file: {error}");
                let _ = self.connection.execute_batch("pragma disable_checkpoint_on_shutdown");
            }
        }
    }
}

impl Tables for Database {
    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        self.query(sql, parameters)
    }

    fn for_each_row(&self, sql: &str, each: &mut dyn FnMut(&[Option<i64>])) -> Result<(), DatabaseError> {
        self.lock().running("read", sql, |connection| {
            let mut statement = connection.prepare(sql)?;
            statement.execute([])?;
            let mut numbers = Vec::new();
            while let Some(batch) = statement.step()? {
                let columns = columns::of(&batch)?;
                for row in 0..batch.len() {
                    numbers.clear();
                    numbers.extend(columns.iter().map(|column| column.value(row)));
                    each(&numbers);
                }
            }
            Ok(())
        })
    }
}

impl UnitOfWork for Database {
    fn begin(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.lock();
        if inner.transaction != Transaction::None {
            return Err(DatabaseError::Transaction("a transaction is already open"));
        }
        inner.transact("begin", "BEGIN TRANSACTION")?;
        inner.transaction = Transaction::Open;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.lock();
        if inner.transaction == Transaction::None {
            return Err(DatabaseError::Transaction("no transaction is open"));
        }
        inner.transact("write.commit", "COMMIT")?;
        inner.transaction = Transaction::None;
        // Nothing can fail here any more; a process can die.
        let _ = failpoint::pass("committed");
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.lock();
        if inner.transaction == Transaction::None {
            return Ok(());
        }
        inner.transaction = Transaction::None;
        inner.layout.fetch_add(1, Ordering::Relaxed);
        match error::passed("rollback").and_then(|()| inner.connection.execute_batch("ROLLBACK")) {
            // A failed COMMIT has already rolled back; then there is nothing left to undo.
            Err(error) if error::is_rolled_back(&error) => Ok(()),
            result => result.map_err(|e| DatabaseError::statement(&e, "")),
        }
    }

    fn relieve_memory(&mut self) -> Result<Option<String>, DatabaseError> {
        let mut inner = self.lock();
        let Some(ease) = inner.reliefs.pop() else { return Ok(None) };
        inner.guarded("ease", &ease.sql, |c| c.execute_batch(&ease.sql))?;
        Ok(Some(ease.what.to_owned()))
    }

    fn work_sequentially(&mut self) -> Result<bool, DatabaseError> {
        const THREADS: &str = "select current_setting('threads')::bigint";
        if self.query_value(THREADS, &[])?.integer() == Some(1) {
            return Ok(false);
        }
        self.execute_batch("set threads = 1")?;
        Ok(true)
    }
}

/// Whether a text is one statement that begins like those that read or change rows.
fn keeps_layout(sql: &str) -> bool {
    const WORDS: [&str; 9] = ["select", "with", "from", "describe", "show", "insert", "delete", "update", "checkpoint"];
    let first = sql.split_whitespace().next().unwrap_or_default();
    WORDS.iter().any(|word| first.eq_ignore_ascii_case(word)) && is_one_statement(sql)
}

/// Whether no semicolon but a last one stands outside of texts, names and comments. Where it takes more to tell, it answers no.
fn is_one_statement(sql: &str) -> bool {
    if sql.contains("\\'") {
        return false;
    }
    let mut rest = sql;
    while let Some(at) = rest.find([';', '\'', '"', '-', '/', '$']) {
        let (mark, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        let closing = match (mark, after.as_bytes().first()) {
            (b';', _) => return after.trim().is_empty(),
            // A text between dollars.
            (b'$', Some(b'$' | b'_' | b'a'..=b'z' | b'A'..=b'Z')) => return false,
            (b'\'', _) => "'",
            (b'"', _) => "\"",
            (b'-', Some(b'-')) => "\n",
            (b'/', Some(b'*')) => "*/",
            _ => "",
        };
        rest = after.find(closing).map_or("", |end| &after[end + closing.len()..]);
    }
    true
}

fn parse_version(version: &str) -> [u32; 3] {
    let mut parts = version.trim_start_matches('v').split(['.', '-']).map(|p| p.parse().unwrap_or(0));
    [0; 3].map(|_: u32| parts.next().unwrap_or(0))
}

fn to_duckdb(value: &Value) -> DuckValue {
    match value {
        Value::Null => DuckValue::Null,
        Value::Boolean(b) => DuckValue::Boolean(*b),
        Value::Integer(i) => i64::try_from(*i).map_or(DuckValue::HugeInt(*i), DuckValue::BigInt),
        Value::Float(x) => DuckValue::Double(*x),
        decimal @ Value::Decimal { .. } => DuckValue::Text(decimal.to_string()),
        Value::Text(s) => DuckValue::Text(s.clone()),
        Value::Date(days) => DuckValue::Date32(*days),
        Value::Timestamp(micros) => DuckValue::Timestamp(TimeUnit::Microsecond, *micros),
        Value::Blob(bytes) => DuckValue::Blob(bytes.clone()),
    }
}

fn from_duckdb(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Boolean(b) => Value::Boolean(b),
        ValueRef::TinyInt(i) => Value::Integer(i.into()),
        ValueRef::SmallInt(i) => Value::Integer(i.into()),
        ValueRef::Int(i) => Value::Integer(i.into()),
        ValueRef::BigInt(i) => Value::Integer(i.into()),
        ValueRef::HugeInt(i) => Value::Integer(i),
        ValueRef::UTinyInt(i) => Value::Integer(i.into()),
        ValueRef::USmallInt(i) => Value::Integer(i.into()),
        ValueRef::UInt(i) => Value::Integer(i.into()),
        ValueRef::UBigInt(i) => Value::Integer(i.into()),
        ValueRef::Float(x) => Value::Float(x.into()),
        ValueRef::Double(x) => Value::Float(x),
        ValueRef::Decimal(d) => Value::Decimal { units: d.value(), scale: d.scale() },
        ValueRef::Timestamp(unit, t) => Value::Timestamp(unit.to_micros(t)),
        ValueRef::Date32(days) => Value::Date(days),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        // An ENUM is text to everybody but the storage; only NULL has no text.
        label @ ValueRef::Enum(..) => label.as_str().map_or(Value::Null, Value::from),
        other => Value::Text(format!("{:?}", other.to_owned())),
    }
}

#[cfg(test)]
mod tests;
