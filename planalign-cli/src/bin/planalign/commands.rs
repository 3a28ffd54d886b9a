//! The commands in a hint, ready to paste: for the same database, with the options that were typed.

use std::path::Path;

use planalign_config::{Action, Hint};

use crate::args::{Command, DATABASE};

/// The options of `simulate` that choose how a run starts, and whether a value follows.
const STARTS: [(&str, bool); 3] = [("--resume", false), ("--restart", false), ("--restart-from", true)];
const AS_RECORDED: &str = "--as-recorded";

/// The command line of this process.
#[derive(Clone, Debug)]
pub(crate) struct Commands {
    /// The words as typed.
    words: Vec<String>,
    /// The `--database` option for another command, if the database isn't the default.
    database: Option<String>,
    simulates: bool,
}

impl Commands {
    /// Creates the commands of this process.
    pub(crate) fn new(command: &Command) -> Self {
        let words = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
        Self::of(words.collect(), matches!(command, Command::Simulate(_)), command.database())
    }

    fn of(words: Vec<String>, simulates: bool, database: Option<&Path>) -> Self {
        let named = database.filter(|path| *path != Path::new(DATABASE));
        let database = named.map(|path| format!("--database {}", quoted(&path.to_string_lossy())));
        Self { words, database, simulates }
    }

    /// Renders the hint as a line, or nothing if it advises what was just done.
    pub(crate) fn render(&self, hint: &Hint) -> Option<String> {
        hint.render(|action| self.spell(action))
    }

    fn spell(&self, action: &Action) -> Option<String> {
        let command = match action {
            Action::Retry | Action::Resume if self.simulates => self.simulate("--resume"),
            Action::Retry | Action::Repeat => self.typed(),
            Action::Resume => self.another("simulate --resume --as-recorded"),
            Action::ResumeAsRecorded if self.is_resumed() && !self.has(AS_RECORDED) => {
                format!("{} {AS_RECORDED}", self.simulate("--resume"))
            }
            Action::ResumeAsRecorded => return None,
            Action::AcceptVersion => format!("{} --accept-version", self.typed()),
            Action::Restart if self.simulates => self.simulate("--restart"),
            // Only the user knows the options of the run.
            Action::Restart => {
                return Some(format!("`{}` with the run's options", self.another("simulate --restart")));
            }
            Action::RestartFrom(_) if self.simulates => {
                let start = action.to_string();
                self.simulate(start.strip_prefix("simulate ").unwrap_or(&start))
            }
            Action::Status if self.has("status") => return None,
            Action::VerifyCheckpoints if self.has("verify") => return None,
            // The database and the options aren't known yet.
            Action::Simulate => format!("{} {action}", self.program()),
            other => self.another(&other.to_string()),
        };
        Some(format!("`{command}`"))
    }

    /// The `simulate` command as typed, with another way to start.
    fn simulate(&self, start: &str) -> String {
        let mut words = Vec::new();
        let mut typed = self.words.iter().peekable();
        while let Some(word) = typed.next() {
            let name = word.split('=').next().unwrap_or_default();
            match STARTS.iter().find(|(option, _)| *option == name) {
                Some((_, true)) if !word.contains('=') => drop(typed.next()),
                Some(_) => {}
                // Only a resumed run uses its record.
                None if name == AS_RECORDED && start != "--resume" => {}
                None => words.push(quoted(word)),
            }
        }
        format!("{} {start}", words.join(" "))
    }

    fn typed(&self) -> String {
        self.words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// Another command for the same database.
    fn another(&self, command: &str) -> String {
        let words = [Some(self.program()), Some(command.to_owned()), self.database.clone()];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn program(&self) -> String {
        self.words.first().map_or_else(|| "planalign".to_owned(), |word| quoted(word))
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|typed| typed == word)
    }

    fn is_resumed(&self) -> bool {
        self.simulates && (self.has("--resume") || self.words.iter().any(|word| word.starts_with("--restart-from")))
    }
}

/// A word quoted for a shell. It can't contain a zero byte, as arguments never do.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;

    /// The commands of a process with this command line.
    pub(crate) fn commands(line: &str) -> Commands {
        let words = shlex::split(line).expect("words");
        let Cli { command, .. } = Cli::try_parse_from(&words).expect("a command line");
        Commands::of(words, matches!(command, Command::Simulate(_)), command.database())
    }

    #[track_caller]
    fn check(line: &str, action: Action, expected: &str) {
        let spelled = commands(line).render(&Hint::run("{}", [action]));
        assert_eq!(spelled.as_deref().map(|text| text.trim_matches('`')), Some(expected).filter(|e| !e.is_empty()));
    }

    #[test]
    fn the_same_command_resumes_with_its_options() {
        for action in [Action::Resume, Action::Retry] {
            let check = |line: &str, expected: &str| check(line, action.clone(), expected);
            check("planalign simulate 2025-2027", "planalign simulate 2025-2027 --resume");
            check("planalign simulate --resume --quiet", "planalign simulate --quiet --resume");
            check("planalign simulate --restart", "planalign simulate --resume");
            check("planalign simulate --restart-from 2027 --threads 2", "planalign simulate --threads 2 --resume");
            check("planalign simulate --restart-from=2027", "planalign simulate --resume");
            check("planalign simulate --resume --as-recorded", "planalign simulate --as-recorded --resume");
            check("p simulate --database 'my file.duckdb'", "p simulate --database 'my file.duckdb' --resume");
        }
    }

    #[test]
    fn only_one_way_to_start_remains() {
        check("planalign simulate --resume --as-recorded", Action::Restart, "planalign simulate --restart");
        let from = "planalign simulate --restart-from 2027 2025-2029";
        check(from, Action::Restart, "planalign simulate 2025-2029 --restart");
        check(from, Action::RestartFrom(2026), "planalign simulate 2025-2029 --restart-from 2026");
        check(from, Action::AcceptVersion, "planalign simulate --restart-from 2027 2025-2029 --accept-version");
    }

    #[test]
    fn only_a_resumed_run_can_use_the_record() {
        let action = Action::ResumeAsRecorded;
        check("planalign simulate --resume", action.clone(), "planalign simulate --resume --as-recorded");
        check("planalign simulate --restart-from 2026", action.clone(), "planalign simulate --resume --as-recorded");
        check("planalign simulate", action.clone(), "");
        check("planalign simulate --resume --as-recorded", action, "");
    }

    #[test]
    fn the_command_that_failed_is_not_advised() {
        check("planalign status", Action::Status, "");
        check("planalign report", Action::Status, "planalign status");
        check("planalign checkpoint verify", Action::VerifyCheckpoints, "");
        check("planalign status --database a.duckdb", Action::Retry, "planalign status --database a.duckdb");
    }

    #[test]
    fn other_commands_name_the_same_database() {
        let check = |line: &str, resume: &str, restore: &str| {
            check(line, Action::Resume, resume);
            check(line, Action::RestoreCheckpoint("2026".to_owned()), restore);
        };
        check(
            "planalign checkpoint verify",
            "planalign simulate --resume --as-recorded",
            "planalign checkpoint restore 2026",
        );
        check(
            "./planalign report --database 'a b.duckdb'",
            "./planalign simulate --resume --as-recorded --database 'a b.duckdb'",
            "./planalign checkpoint restore 2026 --database 'a b.duckdb'",
        );
        check(
            "planalign simulate --database=b.duckdb",
            "planalign simulate '--database=b.duckdb' --resume",
            "planalign checkpoint restore 2026 --database b.duckdb",
        );
        check(
            "planalign completions bash",
            "planalign simulate --resume --as-recorded",
            "planalign checkpoint restore 2026",
        );
        let restart = commands("planalign report --database b.duckdb").spell(&Action::Restart);
        assert_eq!(
            restart.as_deref(),
            Some("`planalign simulate --restart --database b.duckdb` with the run's options")
        );
    }
}
