//! The unit of work: writes that commit together or not at all.

use crate::database::DatabaseError;

/// A transaction that several modules share without knowing each other.
///
/// After a failure inside the unit, its owner calls [`rollback`](UnitOfWork::rollback); until then, [`commit`](UnitOfWork::commit)
/// fails.
pub trait UnitOfWork {
    /// Starts a unit. Fails if one is open.
    fn begin(&mut self) -> Result<(), DatabaseError>;
    /// Makes everything since `begin` permanent. Fails if a statement of the unit failed.
    fn commit(&mut self) -> Result<(), DatabaseError>;
    /// Undoes everything since `begin`; does nothing if no unit is open.
    fn rollback(&mut self) -> Result<(), DatabaseError>;
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
