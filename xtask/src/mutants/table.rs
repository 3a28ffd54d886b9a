//! Formats the verdicts as a table.

use std::fmt;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::catalogue::Mutant;

/// The outcome of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The test failed, as it should.
    Killed,
    /// The test passed: it doesn't check that, or not closely enough.
    Survived,
    /// The test didn't run, because the fault doesn't compile. Contains cargo's output.
    Broken(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Killed => "killed",
            Self::Survived => "SURVIVED",
            Self::Broken(_) => "BROKEN",
        })
    }
}

/// Formats a row per mutant, the counts, and a note on each that wasn't killed.
pub(crate) fn render(mutants: &[(&Mutant, Option<Verdict>)]) -> String {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(["", "mutant", "in", "test", "verdict"]);
    let mut killed = 0;
    let mut notes = Vec::new();
    for (mutant, verdict) in mutants {
        let file = mutant.file.rsplit('/').next().unwrap_or_default();
        let reported = verdict.as_ref().map(ToString::to_string).unwrap_or_default();
        table.add_row([&mutant.number.to_string(), &mutant.name, file, &mutant.test, &reported]);
        killed += usize::from(*verdict == Some(Verdict::Killed));
        match verdict {
            Some(Verdict::Survived) => {
                notes.push(format!("{}: not noticed by {}, although {}", mutant.name, mutant.test, mutant.why));
            }
            Some(Verdict::Broken(output)) => notes.push(format!("{}:\n{output}", mutant.name)),
            _ => {}
        }
    }
    notes.insert(0, format!("{table}\n{} mutants, {killed} killed", mutants.len()));
    notes.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutants_are_rows_and_those_not_killed_have_a_note() {
        let mutant = |number, name: &str| Mutant {
            number,
            name: name.to_owned(),
            why: "it is wrong".to_owned(),
            file: "dbt/models/x.sql".to_owned(),
            test: "a::b".to_owned(),
            ..Mutant::default()
        };
        let (one, two, three) = (mutant(1, "no limit"), mutant(2, "no rollback"), mutant(3, "no cap"));
        let broken = Verdict::Broken("error: x".to_owned());
        let rows = [(&one, Some(Verdict::Killed)), (&two, Some(broken)), (&three, Some(Verdict::Survived))];
        let expected = "|   | mutant      | in    | test | verdict  |\n\
                        |---|-------------|-------|------|----------|\n\
                        | 1 | no limit    | x.sql | a::b | killed   |\n\
                        | 2 | no rollback | x.sql | a::b | BROKEN   |\n\
                        | 3 | no cap      | x.sql | a::b | SURVIVED |\n\
                        3 mutants, 1 killed\n\nno rollback:\nerror: x\n\n\
                        no cap: not noticed by a::b, although it is wrong";
        assert_eq!(render(&rows), expected);
    }
}
