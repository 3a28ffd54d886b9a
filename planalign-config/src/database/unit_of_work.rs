//! The unit of work: writes that commit together or not at all.

use std::time::Duration;

use crate::database::DatabaseError;

/// A transaction that several modules share without knowing each other.
///
/// After a failure inside the unit, its owner calls [`rollback`](UnitOfWork::rollback); until then, [`commit`](UnitOfWork::commit)
/// fails.
///
/// A unit may also include the work of another process: [`release`](UnitOfWork::release), the other process,
/// [`reacquire`](UnitOfWork::reacquire), then `begin` and `commit`. From `release` on, `rollback` undoes the other process's work
/// as well.
pub trait UnitOfWork {
    /// Starts a unit, or its transaction after `reacquire`. Fails if one is open.
    fn begin(&mut self) -> Result<(), DatabaseError>;
    /// Makes everything since `begin` or `release` permanent. Fails if a statement of the unit failed.
    fn commit(&mut self) -> Result<(), DatabaseError>;
    /// Undoes everything since `begin` or `release`; does nothing if no unit is open.
    fn rollback(&mut self) -> Result<(), DatabaseError>;
    /// Starts a unit with a copy of the database to roll back to, and closes the database so that another process can write it.
    /// Until `reacquire` or `rollback`, everything else fails. Fails if a unit or a second connection is open.
    fn release(&mut self) -> Result<Handover, DatabaseError>;
    /// Opens the database again once the other process is done with it. Fails if that process replaced the file or left a log.
    fn reacquire(&mut self) -> Result<(), DatabaseError>;
    /// After a unit ran out of memory, gives the next one more or makes it need less. Returns how; `None` if nothing is left to
    /// try.
    fn relieve_memory(&mut self) -> Result<Option<String>, DatabaseError> {
        Ok(None)
    }
    /// Runs each statement on one thread from now on. Returns whether that changes anything.
    fn work_sequentially(&mut self) -> Result<bool, DatabaseError> {
        Ok(false)
    }
}

/// What a release cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// Size of the copied file.
    pub bytes: u64,
    /// Time to fold the log, close the file, and copy it.
    pub elapsed: Duration,
}
