//! The process between us and dbt, which ends dbt when we end, however we end.
//!
//! A program that drives dbt hosts the guard: it starts itself with the arguments of [`command`], and [`host`] does the guard's
//! work. The pipe to the guard is all that keeps dbt alive. dbt's process group isn't ours, so a Ctrl-C at the terminal reaches
//! only us.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Exit code if the program can't be started, as in a shell.
pub(crate) const CANNOT_START: i32 = 127;

/// How a program is asked to end: SIGINT cancels its queries, SIGTERM doesn't.
const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL];

/// What the guard waits for.
enum Event {
    Exited(io::Result<ExitStatus>),
    /// The process that started the guard wants the program to end, or has ended itself.
    PipeClosed,
}

/// First argument of the guard; the milliseconds between signals, the program, and its arguments follow.
const GUARD: &str = "dbt-guard";
/// First argument of the process that becomes the program; the program and its arguments follow.
const START: &str = "dbt-start";

/// The command line of a guard that is hosted by `host`, without the program and its arguments.
#[must_use]
pub fn command(host: &Path, grace: Duration) -> Vec<OsString> {
    [host.into(), GUARD.into(), grace.as_millis().to_string().into()].into()
}

/// Does the guard's work if a process was started for it. `host` calls this first, with its arguments, and exits with the
/// returned code; `None` if it was started for something else. What the guard does to end dbt is passed to `report`, which
/// prints it for the log.
pub fn host(host: &Path, arguments: impl IntoIterator<Item = OsString>, report: &dyn Fn(&str)) -> Option<i32> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match arguments.split_first()? {
        (first, [grace, program, rest @ ..]) if first == GUARD => {
            let grace = Duration::from_millis(grace.to_str()?.parse().ok()?);
            Some(run(grace, host, program, rest, report))
        }
        (first, [program, rest @ ..]) if first == START => Some(start(program, rest)),
        _ => None,
    }
}

/// Runs a program in a process group of its own until it ends or stdin closes. Then asks the group to end, and waits `grace`
/// after each signal before it sends the next one. Returns the exit code of the program, or 128 and the number of its signal.
fn run(grace: Duration, host: &Path, program: &OsStr, arguments: &[OsString], report: &dyn Fn(&str)) -> i32 {
    // Handled and not ignored: a program inherits ignored signals.
    for signal in [SIGINT, SIGTERM] {
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
    let mut command = Command::new(host);
    command.arg(START).arg(program).args(arguments).stdin(Stdio::null()).process_group(0);
    let Ok(mut child) = command.spawn() else { return CANNOT_START };
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let (sender, events) = unbounded();
    watch_pipe(sender.clone());
    thread::spawn(move || sender.send(Event::Exited(child.wait())));
    let status = wait(&events, group, grace, report);
    // What the program left behind.
    let _ = killpg(group, Signal::SIGKILL);
    match status {
        Some(Ok(status)) => status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(CANNOT_START),
        Some(Err(_)) | None => CANNOT_START,
    }
}

fn watch_pipe(sender: Sender<Event>) {
    thread::spawn(move || {
        let mut stdin = io::stdin();
        let mut byte = [0];
        while stdin.read(&mut byte).is_ok_and(|read| read > 0) {}
        sender.send(Event::PipeClosed)
    });
}

fn wait(
    events: &Receiver<Event>,
    group: Pid,
    grace: Duration,
    report: &dyn Fn(&str),
) -> Option<io::Result<ExitStatus>> {
    match events.recv().ok()? {
        Event::Exited(status) => return Some(status),
        Event::PipeClosed => {}
    }
    for signal in SIGNALS {
        let _ = killpg(group, signal);
        report(&format!("sent {signal}"));
        match events.recv_timeout(grace) {
            Ok(Event::Exited(status)) => return Some(status),
            Ok(Event::PipeClosed) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

/// Becomes the program, which the system kills if the guard dies. Returns only if the program can't be started, with the exit
/// code.
fn start(program: &OsStr, arguments: &[OsString]) -> i32 {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    // Returns only if it fails; the caller of the guard says so.
    let _ = Command::new(program).args(arguments).exec();
    CANNOT_START
}
