//! The time, as something that tests can hold still.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time of day, which may jump when the system's clock is set.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment, which never runs backwards. Differences are durations.
    fn elapsed(&self) -> Duration;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        static FIRST_ASKED: LazyLock<Instant> = LazyLock::new(Instant::now);
        FIRST_ASKED.elapsed()
    }
}

/// A clock that stands still, or advances by the same step each time it is asked.
#[derive(Debug)]
pub struct FixedClock {
    start: Timestamp,
    step: Duration,
    asked: AtomicU64,
}

impl FixedClock {
    /// Stands still.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self::stepping(at, Duration::ZERO)
    }

    /// Starts at a time and advances by `step` after each answer of either kind.
    #[must_use]
    pub fn stepping(start: Timestamp, step: Duration) -> Self {
        Self { start, step, asked: AtomicU64::new(0) }
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.elapsed();
        self.start.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        u32::try_from(asked).ok().and_then(|n| self.step.checked_mul(n)).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_still_and_a_stepping_one_does_not() {
        let start: Timestamp = "2025-11-23T18:40:12Z".parse().expect("time");
        let still = FixedClock::new(start);
        assert_eq!((still.now(), still.now(), still.elapsed()), (start, start, Duration::ZERO));

        let stepping = FixedClock::stepping(start, Duration::from_secs(2));
        let times = [stepping.now(), stepping.now(), stepping.now()].map(|t| t.to_string());
        assert_eq!(times, ["2025-11-23T18:40:12Z", "2025-11-23T18:40:14Z", "2025-11-23T18:40:16Z"]);
        assert_eq!(stepping.elapsed(), Duration::from_secs(6));
    }

    #[test]
    fn a_clock_that_steps_too_far_stays_at_the_end_of_time() {
        let clock = FixedClock::stepping(Timestamp::UNIX_EPOCH, Duration::MAX);
        clock.now();
        clock.now();
        assert_eq!((clock.now(), clock.elapsed()), (Timestamp::MAX, Duration::MAX));
    }

    #[test]
    fn the_system_clock_runs_forwards() {
        let (first, second) = (SystemClock.elapsed(), SystemClock.elapsed());
        assert!(first <= second);
        assert!(SystemClock.now() > "2025-01-01T00:00:00Z".parse().expect("time"));
    }
}
