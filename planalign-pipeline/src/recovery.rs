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

impl RecoveryPolicy {
    /// Pauses of at least 1, 4, and 16 s, each up to half as long again, for locks that another process holds. `random` is
    /// between 0 and 1; runs that start together with different values don't retry together.
    #[must_use]
    pub fn patient(random: f64) -> Self {
        let longer = 1.0 + random.clamp(0.0, 1.0) / 2.0;
        Self { pauses: [1.0, 4.0, 16.0].map(|seconds| Duration::from_secs_f64(seconds * longer)).into() }
    }
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
    fn patient_pauses_grow_and_vary() {
        let seconds =
            |random| RecoveryPolicy::patient(random).pauses.iter().map(Duration::as_secs_f64).collect::<Vec<_>>();
        assert_eq!(seconds(0.0), [1.0, 4.0, 16.0]);
        assert_eq!(seconds(1.0), [1.5, 6.0, 24.0]);
        assert_eq!(seconds(7.0), seconds(1.0));
    }

    #[test]
    fn only_transient_faults_are_retried_and_not_forever() {
        let policy = RecoveryPolicy { pauses: vec![Duration::from_millis(5)] };
        assert!(matches!(policy.after(Fault::Transient, 1), Recovery::Retry { .. }));
        assert_eq!(policy.after(Fault::Transient, 2), Recovery::GiveUp);
        for fault in [
            Fault::Deterministic,
            Fault::Cancelled,
            Fault::OutOfSpace,
            Fault::Permission,
            Fault::Corrupt,
            Fault::WrongVersion,
        ] {
            assert_eq!(policy.after(fault, 1), Recovery::GiveUp);
        }
    }
}
