//! The command that goes on with a run, ready to be typed.

/// The options of `simulate` that say how a run begins, and whether a value follows.
const BEGINNINGS: [(&str, bool); 3] = [("--resume", false), ("--restart", false), ("--restart-from", true)];

/// The command line of this process, so that it resumes its run.
pub(crate) fn to_resume() -> String {
    resuming(std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()))
}

fn resuming(arguments: impl Iterator<Item = String>) -> String {
    let mut words = Vec::new();
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let name = argument.split('=').next().unwrap_or_default();
        match BEGINNINGS.iter().find(|(option, _)| *option == name) {
            Some((_, true)) if !argument.contains('=') => drop(arguments.next()),
            Some(_) => {}
            None => words.push(quoted(&argument)),
        }
    }
    words.push("--resume".to_owned());
    words.join(" ")
}

/// A word as a shell takes it. One with a zero byte is none; no argument has one.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &str, expected: &str) {
        let words = shlex::split(arguments).expect("words");
        assert_eq!(resuming(words.into_iter()), expected);
    }

    #[test]
    fn the_same_command_resumes() {
        check("planalign simulate 2025-2027", "planalign simulate 2025-2027 --resume");
        check("planalign simulate --resume --quiet", "planalign simulate --quiet --resume");
        check("planalign simulate --restart", "planalign simulate --resume");
        check("planalign simulate --restart-from 2027 --threads 2", "planalign simulate --threads 2 --resume");
        check("planalign simulate --restart-from=2027", "planalign simulate --resume");
        check("p simulate --database 'my file.duckdb'", "p simulate --database 'my file.duckdb' --resume");
    }
}
