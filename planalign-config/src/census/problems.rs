//! What is wrong with the rows of a census, and what was done about it. No value of the file is repeated.

use serde::Serialize;

use super::fields::Field;

/// What was done about a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The row isn't used.
    Rejected,
    /// The row isn't about somebody employed on the as-of date.
    LeftOut,
    /// The row is used with another value.
    Corrected,
}

impl Action {
    /// Returns the name in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::LeftOut => "left_out",
            Self::Corrected => "corrected",
        }
    }
}

/// A problem with a cell or a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    pub(super) field: Field,
    pub(super) kind: Kind,
    /// Another row that it is about.
    pub(super) other_row: Option<u64>,
}

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    NotADate,
    ShortYear,
    NotANumber,
    NotATruthValue,
    MoreCellsThanHeaders,
    Shortened,
    WrittenAsDecimal,
    NotAPerson,
    TotalsRow,
    RepeatedHeader,
    TerminatedWithoutDate,
    ActiveButTerminated,
    Identical,
    Repeated,
    OpenTwice,
    EarlierSpell,
    EarlierHire,
    AddedToRow,
    NotAnSsn,
    NoHours,
    Percentage,
}

impl Kind {
    #[cfg(test)]
    const ALL: [Self; 21] = [
        Self::NotADate,
        Self::ShortYear,
        Self::NotANumber,
        Self::NotATruthValue,
        Self::MoreCellsThanHeaders,
        Self::Shortened,
        Self::WrittenAsDecimal,
        Self::NotAPerson,
        Self::TotalsRow,
        Self::RepeatedHeader,
        Self::TerminatedWithoutDate,
        Self::ActiveButTerminated,
        Self::Identical,
        Self::Repeated,
        Self::OpenTwice,
        Self::EarlierSpell,
        Self::EarlierHire,
        Self::AddedToRow,
        Self::NotAnSsn,
        Self::NoHours,
        Self::Percentage,
    ];

    /// Whether the other cells of the row are read all the same.
    pub(super) fn leaves_row_read(self) -> bool {
        self != Self::MoreCellsThanHeaders && self.meaning().1 != Action::LeftOut
    }

    /// The problem in words, and what was done.
    pub(super) fn meaning(self) -> (&'static str, Action) {
        match self {
            Self::NotADate => ("not a date", Action::Rejected),
            Self::ShortYear => ("a year of two digits, the century chosen", Action::Corrected),
            Self::NotANumber => ("not a number", Action::Rejected),
            Self::NotATruthValue => ("not true or false", Action::Rejected),
            Self::MoreCellsThanHeaders => ("the row has more fields than the header", Action::Rejected),
            Self::Shortened => ("a number that a spreadsheet shortened, such as 1.2E+11", Action::Rejected),
            Self::WrittenAsDecimal => ("a number with .0 at its end, which was removed", Action::Corrected),
            Self::NotAPerson => ("not a row of a person", Action::LeftOut),
            Self::TotalsRow => ("a row of totals", Action::LeftOut),
            Self::RepeatedHeader => ("the header again", Action::LeftOut),
            Self::TerminatedWithoutDate => ("terminated, without a date", Action::LeftOut),
            Self::ActiveButTerminated => {
                ("active, but with a termination date on or before the as-of date", Action::Rejected)
            }
            Self::Identical => ("duplicate of an identical row, one kept", Action::LeftOut),
            Self::Repeated => ("the ID is repeated", Action::Rejected),
            Self::OpenTwice => ("employed twice on the as-of date", Action::Rejected),
            Self::EarlierSpell => ("an earlier spell, as another row has a later one", Action::LeftOut),
            Self::EarlierHire => ("another row has a later hire date", Action::LeftOut),
            Self::AddedToRow => ("a job added to another row", Action::LeftOut),
            Self::NotAnSsn => ("not a Social Security number", Action::Rejected),
            Self::Percentage => ("given in percent, divided by 100", Action::Corrected),
            Self::NoHours => ("an hourly rate without hours, 40 a week taken", Action::Corrected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_fit_the_file_that_the_models_read() {
        for kind in Kind::ALL {
            let (meaning, _) = kind.meaning();
            assert!(!meaning.contains(['|', ';', '"']), "{meaning}");
        }
    }
}
