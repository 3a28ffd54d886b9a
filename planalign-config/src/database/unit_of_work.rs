//! The unit of work: what commits together or not at all.

use crate::database::DatabaseError;

/// A transaction that several modules take part in without knowing each other.
///
/// After a failure inside the unit its owner calls [`rollback`](UnitOfWork::rollback); an implementation that saw a failed
/// statement refuses [`commit`](UnitOfWork::commit) until then.
pub trait UnitOfWork {
    /// Starts a unit. Fails if one is open.
    fn begin(&mut self) -> Result<(), DatabaseError>;
    /// Makes everything since `begin` permanent. Fails if a statement of the unit failed.
    fn commit(&mut self) -> Result<(), DatabaseError>;
    /// Undoes everything since `begin`; does nothing if no unit is open.
    fn rollback(&mut self) -> Result<(), DatabaseError>;
    /// After a unit ran out of memory: lets the next one have more, or makes it need less. Says how; `None` when nothing is
    /// left to try.
    fn relieve_memory(&mut self) -> Result<Option<String>, DatabaseError> {
        Ok(None)
    }
    /// From now on one thread works on each statement. Whether that changes anything.
    fn work_sequentially(&mut self) -> Result<bool, DatabaseError> {
        Ok(false)
    }
}
