//! Commands of this program about the same database, ready to be typed.

use std::path::Path;

use crate::args::{Command, DATABASE};

/// The options of `simulate` that say how a run begins, and whether a value follows.
const BEGINNINGS: [(&str, bool); 3] = [("--resume", false), ("--restart", false), ("--restart-from", true)];
const AS_RECORDED: &str = "--as-recorded";

/// What a process was told, for advice about what to type next.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    /// The words of the command line, as they were typed.
    words: Vec<String>,
    /// What follows the name of another command, so that it is about the same database.
    database: Option<String>,
    simulates: bool,
}

impl Again {
    /// Of this process.
    pub(crate) fn new(command: &Command) -> Self {
        let words = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
        Self::of(words.collect(), matches!(command, Command::Simulate(_)), command.database())
    }

    fn of(words: Vec<String>, simulates: bool, database: Option<&Path>) -> Self {
        let named = database.filter(|path| *path != Path::new(DATABASE));
        let database = named.map(|path| format!("--database {}", quoted(&path.to_string_lossy())));
        Self { words, database, simulates }
    }

    /// Goes on with the run: with what was typed, or, where that is not known, with what the run recorded.
    pub(crate) fn resume(&self) -> String {
        if self.simulates { self.simulate("--resume") } else { self.another("simulate --resume --as-recorded") }
    }

    /// Begins the run anew, for a sentence. What the run was made of is known only to those who typed it.
    pub(crate) fn restart(&self) -> String {
        if self.simulates {
            format!("`{}`", self.simulate("--restart"))
        } else {
            "the `planalign simulate` of the run and --restart".to_owned()
        }
    }

    /// The simulation that was typed, begun in another way.
    pub(crate) fn simulate(&self, beginning: &str) -> String {
        let mut words = Vec::new();
        let mut typed = self.words.iter().peekable();
        while let Some(word) = typed.next() {
            let name = word.split('=').next().unwrap_or_default();
            match BEGINNINGS.iter().find(|(option, _)| *option == name) {
                Some((_, true)) if !word.contains('=') => drop(typed.next()),
                Some(_) => {}
                // What is not resumed does not go by a record.
                None if name == AS_RECORDED && beginning != "--resume" => {}
                None => words.push(quoted(word)),
            }
        }
        format!("{} {beginning}", words.join(" "))
    }

    /// The same command, with one option more.
    pub(crate) fn with(&self, option: &str) -> String {
        let words = self.words.iter().map(|word| quoted(word)).collect::<Vec<_>>();
        format!("{} {option}", words.join(" "))
    }

    /// Whether the command runs a simulation.
    pub(crate) fn simulates(&self) -> bool {
        self.simulates
    }

    /// Whether a run is taken up.
    pub(crate) fn resumes(&self) -> bool {
        self.simulates && self.words.iter().any(|word| word == "--resume")
    }

    /// Whether the run goes by its record already.
    pub(crate) fn is_as_recorded(&self) -> bool {
        self.simulates && self.words.iter().any(|word| word == AS_RECORDED)
    }

    /// Whether the command is the one that tells how far a run is.
    pub(crate) fn asks_for_status(&self) -> bool {
        !self.simulates && self.words.iter().any(|word| word == "status")
    }

    /// Whether the command is the one that tells what of a database is whole.
    pub(crate) fn verifies(&self) -> bool {
        !self.simulates && self.words.iter().any(|word| word == "verify")
    }

    /// `planalign checkpoint`.
    pub(crate) fn checkpoint(&self, action: &str) -> String {
        self.another(&format!("checkpoint {action}"))
    }

    /// Another command about the same database.
    pub(crate) fn another(&self, command: &str) -> String {
        let program = self.words.first().map_or_else(|| "planalign".to_owned(), |word| quoted(word));
        let words = [Some(program), Some(command.to_owned()), self.database.clone()];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell takes it. One with a zero byte is none; no argument has one.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;

    /// What a process with this command line would advise.
    pub(crate) fn again(line: &str) -> Again {
        let words = shlex::split(line).expect("words");
        let Cli { command, .. } = Cli::try_parse_from(&words).expect("a command line");
        Again::of(words, matches!(command, Command::Simulate(_)), command.database())
    }

    #[test]
    fn the_same_command_resumes() {
        let check = |line: &str, expected: &str| assert_eq!(again(line).resume(), expected);
        check("planalign simulate 2025-2027", "planalign simulate 2025-2027 --resume");
        check("planalign simulate --resume --quiet", "planalign simulate --quiet --resume");
        check("planalign simulate --restart", "planalign simulate --resume");
        check("planalign simulate --restart-from 2027 --threads 2", "planalign simulate --threads 2 --resume");
        check("planalign simulate --restart-from=2027", "planalign simulate --resume");
        check("planalign simulate --resume --as-recorded", "planalign simulate --as-recorded --resume");
        check("p simulate --database 'my file.duckdb'", "p simulate --database 'my file.duckdb' --resume");
    }

    #[test]
    fn a_run_begins_in_one_way() {
        let check = |line: &str, expected: &str| assert_eq!(again(line).simulate("--restart"), expected);
        check("planalign simulate --resume --as-recorded", "planalign simulate --restart");
        check("planalign simulate --restart-from 2027 2025-2029", "planalign simulate 2025-2029 --restart");
    }

    #[test]
    fn other_commands_are_about_the_same_database() {
        let check = |line: &str, resume: &str, restore: &str| {
            assert_eq!(again(line).resume(), resume);
            assert_eq!(again(line).checkpoint("restore 2026"), restore);
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
    }

    #[test]
    fn an_option_can_be_added() {
        let line = "planalign simulate --restart-from 2027";
        assert_eq!(again(line).with("--accept-version"), "planalign simulate --restart-from 2027 --accept-version");
    }
}
