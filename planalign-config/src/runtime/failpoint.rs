//! Places where tests make the process fail or die, as a full disk or a power loss would.
//!
//! They exist only with the cargo feature `failpoints`, which releases don't enable; without it, [`pass`] does nothing.

#[cfg(feature = "failpoints")]
pub use armed::arm;

/// Passes a place just before or after a write. Fails if an armed failpoint says so.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn pass(_point: &str) -> std::io::Result<()> {
    Ok(())
}

/// Passes a place just before or after a write. Fails if an armed failpoint says so.
#[cfg(feature = "failpoints")]
pub fn pass(point: &str) -> std::io::Result<()> {
    armed::pass(point)
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::io;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use nix::sys::signal::{Signal, raise};

    static ARMED: OnceLock<Failpoint> = OnceLock::new();

    /// What happens where.
    #[derive(Debug)]
    struct Failpoint {
        /// Prefix of the names of its places.
        place: String,
        /// Number of the pass at which it happens, from 1.
        at: u64,
        action: Action,
        passed: AtomicU64,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Action {
        /// The process is killed after this many microseconds.
        Kill(u64),
        /// The process aborts, like an engine that finds a broken invariant.
        Abort,
        /// The operation fails with this system error.
        Fail(i32),
    }

    /// Arms one failpoint for the whole process, `PLACE@PASS=ACTION`, such as `write@17=enospc`, `commit@3=kill`, or
    /// `close@1=kill+500` (microseconds later). Returns whether the text is valid.
    #[must_use]
    pub fn arm(text: &str) -> bool {
        parse(text).is_some_and(|failpoint| ARMED.set(failpoint).is_ok())
    }

    fn parse(text: &str) -> Option<Failpoint> {
        let (place, rest) = text.split_once('@')?;
        let (at, action) = rest.split_once('=')?;
        let action = match action.split_once('+') {
            Some(("kill", micros)) => Action::Kill(micros.parse().ok()?),
            None if action == "kill" => Action::Kill(0),
            None if action == "abort" => Action::Abort,
            None => Action::Fail(
                *[("eio", 5), ("eacces", 13), ("enospc", 28)].iter().find(|e| e.0 == action).map(|(_, code)| code)?,
            ),
            Some(_) => return None,
        };
        Some(Failpoint { place: place.to_owned(), at: at.parse().ok()?, action, passed: AtomicU64::new(0) })
    }

    pub(super) fn pass(point: &str) -> io::Result<()> {
        match ARMED.get() {
            Some(failpoint) if point.starts_with(&failpoint.place) => failpoint.pass(),
            _ => Ok(()),
        }
    }

    impl Failpoint {
        fn pass(&self) -> io::Result<()> {
            if self.passed.fetch_add(1, Ordering::SeqCst) + 1 != self.at {
                return Ok(());
            }
            match self.action {
                Action::Kill(0) => kill(),
                Action::Kill(micros) => {
                    std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_micros(micros));
                        kill();
                    });
                }
                Action::Abort => std::process::abort(),
                Action::Fail(code) => return Err(io::Error::from_raw_os_error(code)),
            }
            Ok(())
        }
    }

    fn kill() {
        // The process ends here.
        let _ = raise(Signal::SIGKILL);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_failpoint_triggers_once_at_its_pass() {
            let failpoint = parse("write@2=enospc").expect("valid failpoint");
            let passes: Vec<bool> = (0..4).map(|_| failpoint.pass().is_ok()).collect();
            assert_eq!(passes, [true, false, true, true]);
            let full = parse("write@1=enospc").expect("valid failpoint").pass().expect_err("full");
            assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        }

        #[test]
        fn invalid_failpoints_are_rejected() {
            let action = |text| parse(text).map(|failpoint| failpoint.action);
            assert_eq!(action("close@1=kill+500"), Some(Action::Kill(500)));
            assert_eq!(action("close@1=abort"), Some(Action::Abort));
            for text in ["write", "write@1", "write@x=eio", "write@1=laugh", "write@1=eio+3", "write@1=kill+soon"] {
                assert_eq!(action(text), None, "{text}");
            }
        }
    }
}
