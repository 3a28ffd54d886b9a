//! The first SIGINT or SIGTERM asks the run to stop at the next safe point; a second one ends the process.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use planalign_pipeline::StopSignal;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit_code::ExitCode;

/// Records which signal was received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received(Arc<AtomicI32>);

impl Received {
    /// The exit code of a run that was asked to stop.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.0.load(Ordering::SeqCst) == SIGTERM { ExitCode::Terminated } else { ExitCode::Interrupted }
    }
}

/// Interrupts what runs right now.
pub(crate) type Interrupt = Box<dyn Fn() + Send>;

/// Listens for signals until the process ends. With `interrupt`, the first one interrupts what runs; without, it is finished.
pub(crate) fn listen(stop: StopSignal, received: &Received, interrupt: Option<Interrupt>) -> std::io::Result<()> {
    let seen = received.clone();
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if stop.is_requested() {
                end_at_once(&seen);
            }
            seen.0.store(signal, Ordering::SeqCst);
            stop.request();
            if let Some(interrupt) = &interrupt {
                let _ = writeln!(std::io::stderr(), "Canceling; interrupt again to stop immediately.");
                interrupt();
                continue;
            }
            let _ =
                writeln!(std::io::stderr(), "Stopping at the next safe point; interrupt again to stop immediately.");
        }
    });
    Ok(())
}

#[expect(clippy::exit, reason = "the second signal must not wait for anything; committed stages are safe")]
fn end_at_once(received: &Received) -> ! {
    std::process::exit(received.exit_code() as i32)
}
