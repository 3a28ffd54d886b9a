//! Runs a command under the guard and passes on its output line by line.

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::guard;

/// Longer lines are cut.
const LONGEST_LINE: usize = 1 << 20;
/// How often the caller is asked whether to stop.
const TICK: Duration = Duration::from_millis(50);
/// How long output may follow the end of the process: dbt Core has a helper process that keeps stderr open for a moment.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// A line of output, without its line break.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Out(String),
    Err(String),
}

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit code, or 128 and the number of a signal.
    Exited(i32),
    /// It couldn't be started.
    NotStarted,
    /// On the caller's request.
    Stopped,
    /// It took too long.
    TimedOut,
    /// The guard was killed, and the process with it.
    Killed,
}

/// Runs commands, one after the other, each under a guard.
#[derive(Debug)]
pub(crate) struct Guarded {
    /// The guard's program and arguments.
    guard: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    /// Time for a command.
    timeout: Duration,
    /// The guard of the next command, which takes its time to start: it is this program, with the engine.
    next: Option<Child>,
}

impl Guarded {
    /// Runs commands with this environment. `guard` is the command line of a guard; `timeout` is the time for a command.
    pub(crate) fn new(guard: Vec<OsString>, environment: Vec<(OsString, OsString)>, timeout: Duration) -> Self {
        Self { guard, environment, timeout, next: None }
    }

    /// Runs a command to its end. `on_line` receives its output; `should_stop` is asked several times a second.
    pub(crate) fn run(
        &mut self,
        line: &[OsString],
        on_line: &mut dyn FnMut(Line),
        should_stop: &mut dyn FnMut() -> bool,
    ) -> io::Result<End> {
        let mut child = if let Some(next) = self.next.take().and_then(|next| given(line, next)) {
            next
        } else {
            let mut child = self.start()?;
            // If it is dead, its exit code says so.
            let _ = give(line, &mut child);
            child
        };
        let lines = read_lines(&mut child);
        // While dbt works, and not when the caller waits for it to begin or works on its results.
        self.next = self.start().ok();
        let ended = self.follow(&mut child, &lines, on_line, should_stop);
        drop(child.stdin.take());
        ended
    }

    /// Starts a guard.
    fn start(&self) -> io::Result<Child> {
        let (program, arguments) = self.guard.split_first().ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }

    fn follow(
        &self,
        child: &mut Child,
        lines: &Receiver<Line>,
        on_line: &mut dyn FnMut(Line),
        should_stop: &mut dyn FnMut() -> bool,
    ) -> io::Result<End> {
        let began = Instant::now();
        let mut asked_to_end = None;
        let status = loop {
            match lines.recv_timeout(TICK) {
                Ok(line) => on_line(line),
                Err(RecvTimeoutError::Timeout) => {}
                // The output has ended, the process not yet.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(1)),
            }
            if asked_to_end.is_none() {
                asked_to_end = if should_stop() {
                    Some(End::Stopped)
                } else {
                    (began.elapsed() > self.timeout).then_some(End::TimedOut)
                };
                if asked_to_end.is_some() {
                    // The guard then ends the process.
                    drop(child.stdin.take());
                }
            }
            if let Some(status) = child.try_wait()? {
                break status;
            }
        };
        let deadline = Instant::now() + STRAGGLERS;
        while let Ok(line) = lines.recv_deadline(deadline) {
            on_line(line);
        }
        Ok(asked_to_end.unwrap_or(match status.code() {
            Some(guard::CANNOT_START) => End::NotStarted,
            Some(code) => End::Exited(code),
            None => End::Killed,
        }))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(next) = self.next.take() {
            discard(next);
        }
    }
}

/// Gives a guard its command line.
fn give(line: &[OsString], to: &mut Child) -> io::Result<()> {
    guard::send(line, to.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?)
}

/// The guard, once it has its command line; `None` if it is dead.
fn given(line: &[OsString], mut guard: Child) -> Option<Child> {
    if give(line, &mut guard).is_ok() {
        return Some(guard);
    }
    discard(guard);
    None
}

/// Ends a guard that has no command line.
fn discard(mut guard: Child) {
    let _ = guard.kill();
    let _ = guard.wait();
}

fn read_lines(child: &mut Child) -> Receiver<Line> {
    let (sender, lines) = bounded(1024);
    if let Some(out) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || read(out, &sender, Line::Out));
    }
    if let Some(err) = child.stderr.take() {
        thread::spawn(move || read(err, &sender, Line::Err));
    }
    lines
}

/// Splits at line breaks and decodes leniently, so that no output stops the reader.
fn read(mut from: impl Read, to: &Sender<Line>, line_of: fn(String) -> Line) {
    let mut chunk = vec![0; 64 * 1024];
    let mut line = Vec::new();
    let send = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line).trim_end_matches('\r').to_owned();
        line.clear();
        text.is_empty() || to.send(line_of(text)).is_ok()
    };
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let mut pieces = chunk[..read].split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LONGEST_LINE - line.len();
            line.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() && !send(&mut line) {
                return;
            }
        }
    }
    send(&mut line);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Children of this process that have ended and were not waited for, by their program's name.
    fn zombies(program: &str) -> usize {
        let own = std::process::id().to_string();
        let is_zombie = |stat: &str| {
            let (name, rest) = stat.rsplit_once(')').unwrap_or_default();
            let mut rest = rest.split_whitespace();
            name.ends_with(program) && rest.next() == Some("Z") && rest.next() == Some(own.as_str())
        };
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter(|entry| fs::read_to_string(entry.path().join("stat")).is_ok_and(|stat| is_zombie(&stat))).count()
    }

    #[test]
    fn no_zombies_are_left() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let program = folder.path().join("a_guard");
        fs::write(&program, "#!/bin/sh\nexit 3\n").expect("script");
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
        let mut guarded = Guarded::new(vec![program.into()], Vec::new(), Duration::from_mins(1));
        for _ in 0..100 {
            let end = guarded.run(&[], &mut |_| {}, &mut || false);
            assert_eq!(end.expect("started"), End::Exited(3));
        }
        drop(guarded);
        assert_eq!(zombies("a_guard"), 0);
    }
}
