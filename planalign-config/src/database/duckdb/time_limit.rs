//! Stops queries that take too long.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::Database;
use crate::database::{DatabaseError, Rows, Value};
use crate::runtime::fault::Fault;

/// Pause between the interrupts of a query.
const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

impl Database {
    /// Runs a query, and interrupts it from a second thread after a time.
    pub(super) fn query_in_time(
        &self,
        limit: Duration,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Rows, DatabaseError> {
        let interrupt = self.interrupter()?;
        let (done, waiting) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let watch = scope.spawn(move || {
                let mut wait = limit;
                // Repeated, because the engine forgets an interrupt between planning and running a query.
                while waiting.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    interrupt();
                    wait = INTERRUPT_EVERY;
                }
            });
            let result = self.query(sql, parameters);
            drop(done);
            let _ = watch.join();
            result.map_err(|error| match error.fault() {
                Fault::Cancelled => DatabaseError::TimedOut { limit },
                _ => error,
            })
        })
    }
}
