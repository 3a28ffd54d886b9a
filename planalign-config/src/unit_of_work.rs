//! The unit of work: what commits together or not at all.

use crate::fault::Fault;

/// A transaction that several modules take part in without knowing each other.
///
/// After a failure inside the unit its owner calls [`rollback`](UnitOfWork::rollback); an implementation that saw a failed
/// statement refuses [`commit`](UnitOfWork::commit) until then.
pub trait UnitOfWork {
    /// Starts a unit. Fails if one is open.
    fn begin(&mut self) -> Result<(), UnitError>;
    /// Makes everything since `begin` permanent. Fails if a statement of the unit failed.
    fn commit(&mut self) -> Result<(), UnitError>;
    /// Undoes everything since `begin`; does nothing if no unit is open.
    fn rollback(&mut self) -> Result<(), UnitError>;
    /// After a unit ran out of memory: lets the next one have more, or makes it need less. Says how; `None` when nothing is
    /// left to try.
    fn ease_memory(&mut self) -> Result<Option<String>, UnitError> {
        Ok(None)
    }
    /// From now on one thread works on each statement. Whether that changes anything.
    fn work_sequentially(&mut self) -> Result<bool, UnitError> {
        Ok(false)
    }
}

/// A unit of work could not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct UnitError {
    /// What kind of trouble it is.
    pub fault: Fault,
    /// What happened, without data from the database.
    pub message: String,
}

/// A unit of work that keeps nothing but the order of calls, for tests of its callers.
#[derive(Debug, Default)]
pub struct InMemoryUnitOfWork {
    calls: Vec<&'static str>,
    open: bool,
    poisoned: bool,
    fail_next_commit: Option<UnitError>,
}

impl InMemoryUnitOfWork {
    /// The calls that succeeded so far, in order.
    #[must_use]
    pub fn calls(&self) -> &[&'static str] {
        &self.calls
    }

    /// Makes the unit refuse to commit, as after a failed statement.
    pub fn poison(&mut self) {
        self.poisoned = true;
    }

    /// Makes the next commit fail with this error.
    pub fn fail_next_commit(&mut self, error: UnitError) {
        self.fail_next_commit = Some(error);
    }

    fn refuse(message: &str) -> UnitError {
        UnitError { fault: Fault::Deterministic, message: message.to_owned() }
    }
}

impl UnitOfWork for InMemoryUnitOfWork {
    fn begin(&mut self) -> Result<(), UnitError> {
        if self.open {
            return Err(Self::refuse("a unit of work is already open"));
        }
        self.open = true;
        self.poisoned = false;
        self.calls.push("begin");
        Ok(())
    }

    fn commit(&mut self) -> Result<(), UnitError> {
        if !self.open {
            return Err(Self::refuse("no unit of work is open"));
        }
        if self.poisoned {
            return Err(Self::refuse("a statement of this unit failed; only rollback is possible"));
        }
        if let Some(error) = self.fail_next_commit.take() {
            return Err(error);
        }
        self.open = false;
        self.calls.push("commit");
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), UnitError> {
        if self.open {
            self.calls.push("rollback");
        }
        self.open = false;
        self.poisoned = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poisoned_unit_takes_nothing_but_rollback() {
        let mut unit = InMemoryUnitOfWork::default();
        unit.begin().expect("begin");
        unit.poison();
        assert!(unit.commit().is_err());
        unit.rollback().expect("rollback");
        unit.begin().expect("begin again");
        unit.commit().expect("commit");
        assert_eq!(unit.calls(), ["begin", "rollback", "begin", "commit"]);
    }

    #[test]
    fn a_commit_that_fails_leaves_the_unit_open_for_rollback() {
        let mut unit = InMemoryUnitOfWork::default();
        unit.fail_next_commit(UnitError { fault: Fault::OutOfSpace, message: "the disk is full".to_owned() });
        unit.begin().expect("begin");
        let error = unit.commit().expect_err("no space");
        assert_eq!((error.fault, error.to_string().as_str()), (Fault::OutOfSpace, "the disk is full"));
        unit.rollback().expect("rollback");
        unit.rollback().expect("nothing is open any more");
        assert_eq!(unit.calls(), ["begin", "rollback"]);
        assert_eq!(unit.ease_memory().expect("nothing to ease"), None);
        assert!(!unit.work_sequentially().expect("nothing to change"));
    }

    #[test]
    fn units_do_not_nest() {
        let mut unit = InMemoryUnitOfWork::default();
        assert!(unit.commit().is_err());
        unit.begin().expect("begin");
        assert!(unit.begin().is_err());
    }
}
