//! The only access to `DuckDB`: opening files, statements, and the transaction that stages share.

mod columns;
mod confine;
mod connect;
mod error;
mod file;
mod fold;
mod handover;
mod header;
mod nested;
mod open_files;
mod redact;
mod time_limit;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use duckdb::Connection;
use duckdb::arrow::array::Array;
use duckdb::core::LogicalTypeId;
use duckdb::types::{TimeUnit, Value as DuckValue, ValueRef};
use duckdb::{appender_params_from_iter, params_from_iter};

use crate::database::tables::only_value;
use crate::database::unit_of_work::{Handover, UnitOfWork};
use crate::database::{DatabaseError, Row, Rows, Tables, Value};
use crate::runtime::failpoint;
use connect::{Engine, MemoryRelief};
use file::{engine_on, patiently, restored, settled};
use open_files::{Claim, FileId, OpenFile};

/// Older engines can lose committed rows on a full disk.
const OLDEST_ENGINE: (&str, [u32; 3]) = ("1.5.5", [1, 5, 5]);

/// Options for opening a database. Limits are set before the file is opened, because the engine needs them to replay a log.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// Worker threads; `None`: all cores.
    pub threads: Option<usize>,
    /// Memory limit in bytes; `None`: four fifths of the machine's memory, or `memory_need` if that is less.
    pub memory_limit: Option<u64>,
    /// Bytes of memory that the work needs; more would only cache what is in the file anyway.
    pub memory_need: Option<u64>,
    /// Directory for spilling; `None`: next to the file.
    pub spill_directory: Option<PathBuf>,
    /// Whether to open the file read-only.
    pub read_only: bool,
    /// Whether storage is for simulations: small row groups, light compression, and a log that is folded only on request.
    pub tuned: bool,
    /// Waits between attempts while another process has the file open. An empty list fails immediately.
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
            tuned: true,
            busy_waits,
        }
    }
}

/// A handle to a database connection. Clones share the connection and its open transaction.
#[derive(Clone, Debug)]
pub struct Database {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    /// `None` while another process has the file.
    connection: Option<Connection>,
    path: Option<PathBuf>,
    /// Options for opening the file again.
    options: DatabaseOptions,
    /// The file that another process has, or had in the unit that is open.
    released: Option<Released>,
    transaction: Transaction,
    /// What to try when memory runs out, last one first.
    reliefs: Vec<MemoryRelief>,
    /// Counts possible changes to the layout on all connections to the database.
    layout: Arc<AtomicU64>,
    /// Blocks saved while the log is folded. Fields drop in order, so this drops after the connection.
    saved: Option<fold::Saved>,
    /// A second handle to a file that is open for writing.
    file: Option<Arc<File>>,
    /// Marks the file as open, so it drops last.
    open: Option<Arc<OpenFile>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// A statement failed: the engine would report success for COMMIT and write nothing.
    Poisoned,
}

/// A file between release and the end of its unit.
#[derive(Clone, Debug)]
struct Released {
    file: Option<FileId>,
}

impl Database {
    /// Opens or creates a file, waiting up to `busy_waits` while another process has it open. A process opens a file only once:
    /// readers of a file that is open read-only share its engine, with the options of the first one; others wait as long, then
    /// fail. If a unit with another process's work was not committed, a writer undoes it, and a reader sees the state before it.
    pub fn open(path: &Path, options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        patiently(&options.busy_waits, || Self::open_once(path, options))
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
        let engine = if handover::path_of(path).exists() { settled(path, options)? } else { engine_on(path, options)? };
        open.identify(path);
        let database = Self::from_engine(engine, Some(path.to_owned()), options, Some(Arc::clone(&open)))?;
        connections.push(Arc::downgrade(&database.inner));
        Ok(database)
    }

    /// Opens an in-memory database.
    pub fn in_memory(options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let engine = connect::to_memory(options).map_err(|e| DatabaseError::open(PathBuf::from(":memory:"), &e))?;
        Self::from_engine(engine, None, options, None)
    }

    /// Opens an in-memory database with the SQL name of the database in a file, which need not exist.
    pub fn in_memory_like(path: &Path, options: &DatabaseOptions) -> Result<Self, DatabaseError> {
        let engine = connect::to_memory_like(path, options).map_err(|e| DatabaseError::open(path.to_owned(), &e))?;
        Self::from_engine(engine, None, options, None)
    }

    /// Uses a connection of the caller, with its settings and in its open transaction, if any. From then on, the engine reports
    /// errors on this connection as JSON.
    pub fn on(connection: Connection) -> Result<Self, DatabaseError> {
        let engine = connect::on(connection).map_err(|e| DatabaseError::statement(&e, ""))?;
        Self::from_engine(engine, None, &DatabaseOptions::default(), None)
    }

    fn from_engine(
        engine: Engine,
        path: Option<PathBuf>,
        options: &DatabaseOptions,
        open: Option<Arc<OpenFile>>,
    ) -> Result<Self, DatabaseError> {
        let version = engine.connection.version().map_err(|e| DatabaseError::statement(&e, ""))?;
        if parse_version(&version) < OLDEST_ENGINE.1 {
            return Err(DatabaseError::OldEngine { found: version, minimum: OLDEST_ENGINE.0 });
        }
        Ok(Self::connected(engine, path, options, open))
    }

    fn connected(
        Engine { connection, reliefs, layout, file }: Engine,
        path: Option<PathBuf>,
        options: &DatabaseOptions,
        open: Option<Arc<OpenFile>>,
    ) -> Self {
        let inner = Inner {
            connection: Some(connection),
            path,
            options: options.clone(),
            released: None,
            transaction: Transaction::None,
            reliefs,
            layout,
            saved: None,
            file,
            open,
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Opens a second connection to the same database, with its own transaction.
    pub fn second_connection(&self) -> Result<Self, DatabaseError> {
        let inner = self.lock();
        let (connection, layout, file) = (inner.clone_connection()?, inner.layout.clone(), inner.file.clone());
        let engine = Engine { connection, reliefs: Vec::new(), layout, file };
        let second = Self::connected(engine, inner.path.clone(), &inner.options, inner.open.clone());
        if let Some(open) = &inner.open {
            open.connections().push(Arc::downgrade(&second.inner));
        }
        Ok(second)
    }

    /// Opens a connection for another thread while this one has a transaction open. It reads what is committed, and writes only to
    /// databases that it attaches, so its statements don't count as changes of the layout.
    pub fn helper(&self) -> Result<Self, DatabaseError> {
        let inner = self.lock();
        let engine =
            Engine { connection: inner.clone_connection()?, reliefs: Vec::new(), layout: Arc::default(), file: None };
        Ok(Self::connected(engine, None, &inner.options, None))
    }

    /// Returns a call that interrupts the running statement, from any thread; it fails with [`Fault::Cancelled`](crate::Fault::Cancelled).
    pub fn interrupter(&self) -> Result<impl Fn() + Send + Sync + use<>, DatabaseError> {
        let handle = self.lock().connection()?.interrupt_handle();
        Ok(move || handle.interrupt())
    }

    /// Returns the path of the file; `None` for an in-memory database.
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        self.lock().path.clone()
    }

    /// Returns the engine's version, such as `v1.5.6`.
    pub fn engine_version(&self) -> Result<String, DatabaseError> {
        self.lock().connection()?.version().map_err(|e| DatabaseError::statement(&e, ""))
    }

    /// Runs one statement and returns the number of rows that it changed.
    pub fn execute(&self, sql: &str, parameters: &[Value]) -> Result<usize, DatabaseError> {
        self.lock().running("write.statement", sql, |connection| {
            let mut statement = connection.prepare(sql)?;
            statement.execute(params_from_iter(parameters.iter().map(to_duckdb)))
        })
    }

    /// Runs one statement about data that isn't personal, such as a seed of the project, and returns the number of rows that it
    /// changed. Its errors show line, column, and value of a CSV file.
    pub fn execute_without_personal_data(&self, sql: &str) -> Result<usize, DatabaseError> {
        let mut inner = self.lock();
        let mut shown = None;
        let result = inner.running("write.statement", sql, |connection| {
            let result = connection.prepare(sql).and_then(|mut statement| statement.execute([]));
            shown = result.as_ref().err().map(|error| DatabaseError::without_personal_data(error, sql));
            result
        });
        result.map_err(|error| shown.unwrap_or(error))
    }

    /// Appends rows to a table, given by its database, schema, and name; values are in column order. For few rows, this is much
    /// faster than a statement.
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
        self.lock().fold()
    }

    /// Runs a query and returns all of its rows.
    pub fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        self.lock().running("read", sql, |connection| {
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query(params_from_iter(parameters.iter().map(to_duckdb)))?;
            let columns = rows.as_ref().map(duckdb::Statement::column_names).unwrap_or_default();
            let mut table = Rows { columns: columns.into(), rows: Vec::new() };
            let is_bits = |at| rows.as_ref().map(|of| of.column_logical_type(at).id()) == Some(LogicalTypeId::Bit);
            let bits: Vec<bool> = (0..table.columns.len()).map(is_bits).collect();
            while let Some(row) = rows.next()? {
                let value = |(at, is_bits): (usize, &bool)| {
                    row.get_ref(at).map(|value| match value {
                        ValueRef::Blob(bytes) if *is_bits => Value::Text(nested::bits(bytes)),
                        value => from_duckdb(value),
                    })
                };
                let values = bits.iter().enumerate().map(value);
                table.rows.push(Row::new(table.columns.clone(), values.collect::<Result<_, _>>()?));
            }
            Ok(table)
        })
    }

    /// Runs a query and returns its first row; `None` if there are no rows.
    pub fn query_row(&self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.query(sql, parameters)?.rows.into_iter().next())
    }

    /// Runs a query with one column and returns the first value; NULL if there are no rows.
    pub fn query_value(&self, sql: &str, parameters: &[Value]) -> Result<Value, DatabaseError> {
        Ok(only_value(self.query_row(sql, parameters)?))
    }

    /// Returns a counter that increases with every call that may have created, altered, or dropped a table or view, and with
    /// every rollback. Knowledge of the layout is valid as long as the counter is the same.
    #[must_use]
    pub fn layout(&self) -> u64 {
        self.lock().layout.load(Ordering::Relaxed)
    }

    /// Returns whether a transaction is open, including one that a statement started. Outside of one, every statement has a new
    /// ID.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        if self.lock().transaction != Transaction::None {
            return true;
        }
        let id = || self.query_value("select txid_current()", &[]);
        match (id(), id()) {
            (Ok(first), Ok(second)) => first == second,
            // After a failed statement, a transaction only accepts a rollback.
            _ => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves the connection usable: the engine keeps its own state.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn connection(&self) -> Result<&Connection, DatabaseError> {
        self.connection.as_ref().ok_or(DatabaseError::Released)
    }

    /// Another connection to the same database.
    fn clone_connection(&self) -> Result<Connection, DatabaseError> {
        let own = self.connection()?;
        let clone = || {
            let connection = own.try_clone()?;
            connection.execute_batch(connect::ERRORS_AS_DATA)?;
            match &self.path {
                Some(path) => connect::enter(&connection, path)?,
                None => connect::follow(&connection, own)?,
            }
            Ok(connection)
        };
        clone().map_err(|e: duckdb::Error| DatabaseError::statement(&e, ""))
    }

    /// Continues on a new engine.
    fn enter(&mut self, engine: Engine) {
        let Engine { connection, reliefs, file, layout: _ } = engine;
        (self.connection, self.reliefs, self.file) = (Some(connection), reliefs, file);
        self.layout.fetch_add(1, Ordering::Relaxed);
        if let (Some(open), Some(path)) = (&self.open, &self.path) {
            open.identify(path);
        }
    }

    /// Closes the connection; the engine folds its log into the file if it is the last one.
    fn close(&mut self) {
        if self.path.is_some() && self.connection.is_some() && Arc::strong_count(&self.layout) == 1 {
            self.prepare_to_fold();
        }
        self.connection = None;
        self.saved = None;
        // Last, because closing any handle to the file releases the engine's lock.
        self.file = None;
    }

    fn prepare_to_fold(&mut self) {
        let _ = failpoint::pass("close");
        if self.transaction != Transaction::None {
            self.transaction = Transaction::None;
            let _ = self.connection().map(|connection| connection.execute_batch("rollback"));
        }
        match self.save_blocks() {
            Ok(saved) => self.saved = saved,
            Err(error) => {
                log::warn!("cannot fold the log into the database file: {error}");
                let kept = "pragma disable_checkpoint_on_shutdown";
                let _ = self.connection().map(|connection| connection.execute_batch(kept));
            }
        }
    }

    fn fold(&mut self) -> Result<(), DatabaseError> {
        // Kept after a failure: they must not be restored until the engine is done with the file.
        self.saved = self.save_blocks()?;
        self.transact("write.statement", "checkpoint")?;
        self.saved = None;
        Ok(())
    }

    fn release(&mut self) -> Result<u64, DatabaseError> {
        let Some(path) = self.path.clone() else {
            return Err(DatabaseError::Transaction("an in-memory database has no file to release"));
        };
        self.connection()?;
        if self.transaction != Transaction::None || self.released.is_some() {
            return Err(DatabaseError::Transaction("a transaction is open, so the database cannot be released"));
        }
        if Arc::strong_count(&self.layout) > 1 {
            return Err(DatabaseError::Transaction("a second connection is open, so the database cannot be released"));
        }
        self.released = Some(Released { file: FileId::of(&path) });
        self.transact("write.statement", handover::MARK)?;
        self.fold()?;
        self.close();
        handover::copy(&path).map_err(|error| DatabaseError::io("cannot copy the database", &error))
    }

    fn reacquire(&mut self) -> Result<(), DatabaseError> {
        let (Some(path), Some(released), None) = (&self.path, &self.released, &self.connection) else {
            return Err(DatabaseError::Transaction("the database was not released"));
        };
        if FileId::of(path) != released.file {
            return Err(DatabaseError::Replaced { path: path.clone() });
        }
        if path.with_added_extension("wal").exists() {
            return Err(DatabaseError::LeftLog { path: path.clone() });
        }
        let engine = patiently(&self.options.busy_waits, || engine_on(path, &self.options))?;
        self.enter(engine);
        Ok(())
    }

    /// Undoes a unit with another process's work.
    fn take_back(&mut self) -> Result<(), DatabaseError> {
        let (Some(path), Some(_)) = (self.path.clone(), &self.released) else { return Ok(()) };
        self.close();
        let engine = restored(&path, &self.options)?;
        self.enter(engine);
        self.released = None;
        Ok(())
    }

    /// Runs SQL on the connection and updates the layout counter.
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

    /// Saves the blocks that folding the log rewrites in place, if there is a log.
    fn save_blocks(&mut self) -> Result<Option<fold::Saved>, DatabaseError> {
        let (Some(path), Some(file)) = (&self.path, &self.file) else { return Ok(None) };
        if std::fs::metadata(path.with_added_extension("wal")).map_or(0, |log| log.len()) == 0 {
            return Ok(None);
        }
        let (path, file) = (path.clone(), Arc::clone(file));
        // Release the locked blocks of a fold that failed.
        self.saved = None;
        let blocks: Vec<u64> = self.guarded("read", "", |connection| {
            let mut statement = connection.prepare("select block_id::ubigint from pragma_metadata_info()")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })?;
        let saved = fold::save(&path, &file, &blocks);
        Ok(Some(saved.map_err(|error| DatabaseError::io("cannot save blocks next to the database", &error))?))
    }

    /// Starts or ends a transaction.
    fn transact(&mut self, point: &str, sql: &str) -> Result<(), DatabaseError> {
        self.guarded(point, sql, |connection| connection.execute_batch(sql))
    }

    /// Runs a closure on the connection; a failure within a transaction poisons it.
    fn guarded<T>(
        &mut self,
        point: &str,
        sql: &str,
        run: impl FnOnce(&Connection) -> duckdb::Result<T>,
    ) -> Result<T, DatabaseError> {
        if self.transaction == Transaction::Poisoned {
            return Err(DatabaseError::Poisoned);
        }
        let Some(connection) = &self.connection else { return Err(DatabaseError::Released) };
        error::passed(point).and_then(|()| run(connection)).map_err(|e| {
            if self.transaction == Transaction::Open {
                self.transaction = Transaction::Poisoned;
            }
            DatabaseError::statement(&e, sql)
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Tables for Database {
    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        self.query(sql, parameters)
    }

    fn query_within(&self, limit: Duration, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError> {
        self.query_in_time(limit, sql, parameters)
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
        if inner.released.is_some() { inner.transact("write.statement", handover::UNMARK) } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.lock();
        if inner.transaction == Transaction::None {
            return Err(DatabaseError::Transaction("no transaction is open"));
        }
        inner.transact("write.commit", "COMMIT")?;
        inner.transaction = Transaction::None;
        // This can't fail, but tests kill the process here.
        let _ = failpoint::pass("committed");
        if let (Some(_), Some(path)) = (inner.released.take(), &inner.path) {
            handover::remove(path);
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DatabaseError> {
        let mut inner = self.lock();
        if inner.transaction != Transaction::None {
            inner.transaction = Transaction::None;
            inner.layout.fetch_add(1, Ordering::Relaxed);
            let connection = inner.connection()?;
            match error::passed("rollback").and_then(|()| connection.execute_batch("ROLLBACK")) {
                // A failed COMMIT has already rolled back.
                Err(error) if error::is_rolled_back(&error) => {}
                result => result.map_err(|e| DatabaseError::statement(&e, ""))?,
            }
        }
        inner.take_back()
    }

    fn release(&mut self) -> Result<Handover, DatabaseError> {
        let began = Instant::now();
        let bytes = self.lock().release()?;
        Ok(Handover { bytes, elapsed: began.elapsed() })
    }

    fn reacquire(&mut self) -> Result<(), DatabaseError> {
        self.lock().reacquire()
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

/// Whether SQL is a single statement that only reads or changes rows, judging by its first word.
fn keeps_layout(sql: &str) -> bool {
    const WORDS: [&str; 9] = ["select", "with", "from", "describe", "show", "insert", "delete", "update", "checkpoint"];
    let first = sql.split_whitespace().next().unwrap_or_default();
    WORDS.iter().any(|word| first.eq_ignore_ascii_case(word)) && is_one_statement(sql)
}

/// Whether SQL has no semicolon outside of strings, names, and comments, except at the end. If unsure, returns false.
fn is_one_statement(sql: &str) -> bool {
    if sql.contains("\\'") {
        return false;
    }
    let mut rest = sql;
    while let Some(at) = rest.find([';', '\'', '"', '-', '/', '$']) {
        let (mark, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        let closing = match (mark, after.as_bytes().first()) {
            (b';', _) => return after.trim().is_empty(),
            // A dollar-quoted string.
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
        ValueRef::Blob(bytes) | ValueRef::Geometry(bytes) => Value::Blob(bytes.to_vec()),
        // Except in storage, an ENUM is text; only NULL has no text.
        label @ ValueRef::Enum(..) => label.as_str().map_or(Value::Null, Value::from),
        ValueRef::UHugeInt(i) => i128::try_from(i).map_or_else(|_| Value::Text(i.to_string()), Value::Integer),
        other => nested::value(&other.to_owned()),
    }
}

#[cfg(test)]
mod tests;
