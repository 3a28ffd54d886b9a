//! Runs a command under the guard and passes on its output line by line.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::guard::{self, Order};

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
    /// What the guard says it did.
    Guard(String),
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
    /// A folder to remove if we end before a command.
    abandoned: Option<PathBuf>,
    /// Whether the guard of the next command is started ahead of time, because it is this program, with the engine.
    starts_next: bool,
    next: Option<Child>,
}

impl Guarded {
    /// Runs commands with this environment. `guard` is the command line of a guard; `timeout` is the time for a command.
    pub(crate) fn new(guard: Vec<OsString>, environment: Vec<(OsString, OsString)>, timeout: Duration) -> Self {
        Self { guard, environment, timeout, abandoned: None, starts_next: false, next: None }
    }

    /// Has the guard remove a folder if this process ends before a command.
    pub(crate) fn remove_if_abandoned(&mut self, folder: PathBuf) {
        self.abandoned = Some(folder);
    }

    /// Has the guard of each next command start while one runs.
    pub(crate) fn start_ahead(&mut self) {
        self.starts_next = true;
    }

    /// Runs a command to its end. `on_line` receives its output; `should_stop` is asked several times a second.
    pub(crate) fn run(
        &mut self,
        line: &[OsString],
        on_line: &mut dyn FnMut(Line),
        should_stop: &mut dyn FnMut() -> bool,
    ) -> io::Result<End> {
        let alive = |mut guard: Child| guard.try_wait().is_ok_and(|end| end.is_none()).then_some(guard);
        let mut child = self.next.take().and_then(alive).map_or_else(|| self.start(), Ok)?;
        let order = Order { line: line.to_owned(), abandoned: self.abandoned.clone() };
        let pipe = match Pipe::to(&mut child, order) {
            Ok(pipe) => pipe,
            Err(error) => {
                discard(child);
                return Err(error);
            }
        };
        let lines = read_lines(&mut child);
        if self.starts_next {
            // While dbt works, and not when the caller waits for it to begin or works on its results.
            self.next = self.start().ok();
        }
        self.follow(&mut child, &pipe, &lines, on_line, should_stop)
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
        pipe: &Pipe,
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
                if asked_to_end.is_some() && !pipe.end() {
                    // The guard doesn't listen, and has started nothing.
                    child.kill()?;
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

/// The pipe to a guard, written by a thread, because a guard that doesn't read must not stop us. On drop, it closes.
struct Pipe {
    is_given: Arc<AtomicBool>,
    end: Sender<()>,
}

impl Pipe {
    /// Gives a guard its order.
    fn to(guard: &mut Child, order: Order) -> io::Result<Self> {
        let mut stdin = guard.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (end, ends) = bounded::<()>(1);
        let is_given = Arc::new(AtomicBool::new(false));
        let given = is_given.clone();
        // If the guard is dead, its exit code says so.
        let write = move || {
            order.send(&mut stdin)?;
            given.store(true, Ordering::SeqCst);
            if ends.recv().is_ok() { stdin.write_all(&[0]) } else { Ok(()) }
        };
        thread::Builder::new().spawn(write)?;
        Ok(Self { is_given, end })
    }

    /// Has the guard end the program. Returns whether it has its order.
    fn end(&self) -> bool {
        let _ = self.end.try_send(());
        self.is_given.load(Ordering::SeqCst)
    }
}

/// Ends a guard that has no order, which it does by itself, with the process that it has ready.
fn discard(mut guard: Child) {
    drop(guard.stdin.take());
    let _ = guard.wait();
}

fn read_lines(child: &mut Child) -> Receiver<Line> {
    let (sender, lines) = bounded(1024);
    if let Some(out) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || read(out, &sender, Line::Out));
    }
    if let Some(err) = child.stderr.take() {
        let line_of = |text: String| match text.strip_prefix(guard::MARK) {
            Some(text) => Line::Guard(text.to_owned()),
            None => Line::Err(text),
        };
        thread::spawn(move || read(err, &sender, line_of));
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

    use tempfile::TempDir;

    use super::*;

    /// Children of this process that have ended and were not waited for, by their program's name.
    #[cfg(target_os = "linux")]
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

    /// A script in a folder.
    fn script(folder: &TempDir, name: &str, text: &str) -> OsString {
        let program = folder.path().join(name);
        fs::write(&program, format!("#!/bin/sh\n{text}\n")).expect("script");
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
        program.into()
    }

    #[test]
    fn a_guard_that_does_not_read_its_order_is_ended_in_time() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let guard = script(&folder, "deaf_guard", "exec sleep 600");
        let environment = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())];
        let mut guarded = Guarded::new(vec![guard], environment, Duration::from_millis(100));
        // Longer than what a pipe holds.
        let line = ["x".repeat(1 << 20).into()];
        let end = guarded.run(&line, &mut |_| {}, &mut || false);
        assert_eq!(end.expect("started"), End::TimedOut);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_zombies_are_left() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let guard = script(&folder, "a_guard", "exit 3");
        let mut guarded = Guarded::new(vec![guard], Vec::new(), Duration::from_mins(1));
        guarded.start_ahead();
        for _ in 0..100 {
            let end = guarded.run(&[], &mut |_| {}, &mut || false);
            assert_eq!(end.expect("started"), End::Exited(3));
        }
        drop(guarded);
        assert_eq!(zombies("a_guard"), 0);
    }
}
