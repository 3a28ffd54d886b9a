//! Recovery from failed stages.

use std::time::Duration;

use planalign_config::Fault;
use planalign_registries::RetryStrategy;

/// How often and after what pauses a stage is retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryPolicy {
    /// Pauses before each retry of a stage with a transient fault.
    pub pauses: Vec<Duration>,
}

impl Default for RecoveryPolicy {
    fn default() -> Self {
        Self { pauses: vec![Duration::from_millis(100), Duration::from_millis(400)] }
    }
}

/// The next step after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Retry the stage after a pause.
    Retry { pause: Duration, strategy: RetryStrategy },
    /// A retry would fail again, or the retries are used up.
    GiveUp,
}

impl RecoveryPolicy {
    /// Decides what to do after `attempt`, counted from 1.
    pub(crate) fn after(&self, fault: Fault, attempt: u32) -> Recovery {
        let retried = usize::try_from(attempt).unwrap_or(usize::MAX).saturating_sub(1);
        match (fault, self.pauses.get(retried)) {
            (Fault::Transient | Fault::Busy, Some(pause)) => {
                Recovery::Retry { pause: *pause, strategy: RetryStrategy::Pause(*pause) }
            }
            _ => Recovery::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_transient_faults_are_retried_and_not_forever() {
        let policy = RecoveryPolicy { pauses: vec![Duration::from_millis(5)] };
        assert!(matches!(policy.after(Fault::Transient, 1), Recovery::Retry { .. }));
        assert_eq!(policy.after(Fault::Transient, 2), Recovery::GiveUp);
        for fault in [Fault::Deterministic, Fault::OutOfSpace, Fault::Permission, Fault::Corrupt, Fault::WrongVersion] {
            assert_eq!(policy.after(fault, 1), Recovery::GiveUp);
        }
    }
}
