//! The process between us and dbt, which ends dbt when we end, however we end.
//!
//! A program that drives dbt hosts the guard: it starts itself with the arguments of [`command`], and [`host`] does the guard's
//! work. The pipe to the guard brings an order, and is then all that keeps dbt alive. dbt's process group isn't ours, so a
//! Ctrl-C at the terminal reaches only us.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGINT, SIGTERM};

/// Exit code if the program can't be started, as in a shell.
pub(crate) const CANNOT_START: i32 = 127;

/// How a program is asked to end: SIGINT cancels its queries, SIGTERM doesn't.
const SIGNALS: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL];

/// What precedes the guard's own lines in its output, which is otherwise the program's.
pub(crate) const MARK: &str = "planalign-guard: ";

/// What a guard does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// The program and its arguments.
    pub(crate) line: Vec<OsString>,
    /// A folder to remove if the process that started the guard ends before the program.
    pub(crate) abandoned: Option<PathBuf>,
}

/// What the guard waits for.
enum Event {
    Exited(io::Result<ExitStatus>),
    /// The process that started the guard wants the program to end.
    Asked,
    /// The process that started the guard has ended.
    Abandoned,
}

/// First argument of the guard; the milliseconds between signals follow. Stdin brings the program and its arguments.
const GUARD: &str = "dbt-guard";
/// Argument of the process that becomes the program. Stdin brings the same.
const START: &str = "dbt-start";

/// The command line of a guard that is hosted by `host`.
#[must_use]
pub fn command(host: &Path, grace: Duration) -> Vec<OsString> {
    [host.into(), GUARD.into(), grace.as_millis().to_string().into()].into()
}

/// Does the guard's work if a process was started for it. `host` calls this first, with its arguments, and exits with the
/// returned code; `None` if it was started for something else. What the guard does to end dbt is passed to `report`, which
/// prints it for the log.
pub fn host(host: &Path, arguments: impl IntoIterator<Item = OsString>, report: &dyn Fn(&str)) -> Option<i32> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match arguments.as_slice() {
        [first, grace] if first == GUARD => {
            let grace = Duration::from_millis(grace.to_str()?.parse().ok()?);
            Some(run(grace, host, report))
        }
        [first] if first == START => Some(start()),
        _ => None,
    }
}

/// Runs a program in a process group of its own until it ends, or stdin brings a byte or closes. Then asks the group to end, and
/// waits `grace` after each signal before it sends the next one. Returns the exit code of the program, or 128 and the number of its signal.
fn run(grace: Duration, host: &Path, report: &dyn Fn(&str)) -> i32 {
    // Handled and not ignored: a program inherits ignored signals.
    for signal in [SIGINT, SIGTERM] {
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
    // Processes whose parent ended become ours, so that we can reap them.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let mut command = Command::new(host);
    command.arg(START).stdin(Stdio::piped()).process_group(0);
    // Before the program is known, because guards are started ahead of time.
    let Ok(mut child) = command.spawn() else { return CANNOT_START };
    let order = Order::receive(&mut io::stdin());
    let sent = child.stdin.take().zip(order.as_ref().ok()).map(|(mut stdin, order)| send(&order.line, &mut stdin));
    let (Ok(order), Some(Ok(()))) = (order, sent) else {
        // No longer needed. The process that waited for the program ends as well.
        let _ = child.wait();
        return CANNOT_START;
    };
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
    let (sender, events) = unbounded();
    watch_pipe(sender.clone());
    thread::spawn(move || sender.send(Event::Exited(child.wait())));
    let mut is_abandoned = false;
    let status = wait(&events, group, grace, report, &mut is_abandoned);
    end(group);
    if let Some(folder) = order.abandoned.filter(|_| is_abandoned) {
        // Whatever was just killed may still have added a file.
        let _ = fs::remove_dir_all(&folder).or_else(|_| fs::remove_dir_all(&folder));
    }
    match status {
        Some(Ok(status)) => status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(CANNOT_START),
        Some(Err(_)) | None => CANNOT_START,
    }
}

/// Kills what the program left behind, and waits until it is gone: it may hold the database's lock until then. Not for long, because
/// what nobody reaps counts as there.
fn end(group: Pid) {
    let deadline = Instant::now() + Duration::from_secs(1);
    while killpg(group, Signal::SIGKILL).is_ok() && Instant::now() < deadline {
        let _ = waitpid(Pid::from_raw(-group.as_raw()), Some(WaitPidFlag::WNOHANG));
        thread::sleep(Duration::from_millis(1));
    }
}

fn watch_pipe(sender: Sender<Event>) {
    thread::spawn(move || {
        let is_asked = io::stdin().read_exact(&mut [0]).is_ok();
        sender.send(if is_asked { Event::Asked } else { Event::Abandoned })
    });
}

fn wait(
    events: &Receiver<Event>,
    group: Pid,
    grace: Duration,
    report: &dyn Fn(&str),
    is_abandoned: &mut bool,
) -> Option<io::Result<ExitStatus>> {
    match events.recv().ok()? {
        Event::Exited(status) => return Some(status),
        Event::Asked => {}
        Event::Abandoned => *is_abandoned = true,
    }
    for signal in SIGNALS {
        let _ = killpg(group, signal);
        report(&format!("{MARK}sent {signal} to dbt"));
        match events.recv_timeout(grace) {
            Ok(Event::Exited(status)) => return Some(status),
            Ok(Event::Asked | Event::Abandoned) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

/// Becomes the program, which the system kills if the guard dies. Returns only if the program can't be started, with the exit
/// code.
fn start() -> i32 {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    if let Ok(line) = receive(&mut io::stdin())
        && let Some((program, arguments)) = line.split_first()
    {
        // Returns only if it fails; the caller of the guard says so.
        let _ = Command::new(program).args(arguments).stdin(Stdio::null()).exec();
    }
    CANNOT_START
}

impl Order {
    pub(crate) fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let folder = self.abandoned.clone().unwrap_or_default().into_os_string();
        send(&[&[folder], self.line.as_slice()].concat(), to)
    }

    /// Waits for an order. Fails if it doesn't arrive in full.
    fn receive(from: &mut impl Read) -> io::Result<Self> {
        let mut parts = receive(from)?.into_iter();
        let abandoned = parts.next().filter(|folder| !folder.is_empty()).map(PathBuf::from);
        Ok(Self { line: parts.collect(), abandoned })
    }
}

/// Sends a command line: the number of its parts, then the length and the bytes of each.
fn send(line: &[OsString], to: &mut impl Write) -> io::Result<()> {
    let number = |number: usize| u32::try_from(number).map(u32::to_be_bytes).map_err(io::Error::other);
    let mut bytes = number(line.len())?.to_vec();
    for part in line {
        bytes.extend(number(part.len())?);
        bytes.extend(part.as_bytes());
    }
    to.write_all(&bytes)?;
    to.flush()
}

/// Waits for a command line. Fails if it doesn't arrive in full.
fn receive(from: &mut impl Read) -> io::Result<Vec<OsString>> {
    let parts = number(from)?;
    (0..parts)
        .map(|_| {
            let length = usize::try_from(number(from)?).map_err(io::Error::other)?;
            let mut part = vec![0; length];
            from.read_exact(&mut part)?;
            Ok(OsString::from_vec(part))
        })
        .collect()
}

fn number(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_arrives_in_full_or_not_at_all() {
        let line: Vec<OsString> = ["dbt", "", "--vars", "{\"a\":\n1}"].map(OsString::from).into();
        for abandoned in [None, Some(PathBuf::from("/tmp/x"))] {
            let order = Order { line: line.clone(), abandoned };
            let mut sent = Vec::new();
            order.send(&mut sent).expect("sent");
            assert_eq!(Order::receive(&mut sent.as_slice()).expect("received"), order);
            for length in 0..sent.len() {
                assert!(Order::receive(&mut &sent[..length]).is_err(), "{length} bytes");
            }
        }
    }
}
