//! Defective rows: one kind for each problem that staging distinguishes.

use jiff::ToSpan;
use jiff::civil::Date;

use super::row::Row;

/// A kind of defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    MissingId,
    NewHireId,
    /// Repeats an employee's row; one of the two is kept.
    IdenticalRepeat,
    /// Repeats an employee's ID with different pay; both rows are rejected.
    ConflictingRepeat,
    MissingBirth,
    UnparsableBirth,
    BirthAfterHire,
    TooYoung,
    TooOld,
    MissingHire,
    UnparsableHire,
    HiredLater,
    UnparsableTermination,
    TerminatedBeforeHire,
    MissingPay,
    TextPay,
    NegativePay,
    ZeroPay,
    HugePay,
    TextRate,
    PercentRate,
    NegativeRate,
    RateAbovePlan,
    TextHours,
    HoursOutOfRange,
    EscalationNotBoolean,
    OverrideNotBoolean,
}

/// Every kind, in the order rows get them.
pub(crate) const KINDS: [Defect; 27] = [
    Defect::MissingId,
    Defect::NewHireId,
    Defect::IdenticalRepeat,
    Defect::ConflictingRepeat,
    Defect::MissingBirth,
    Defect::UnparsableBirth,
    Defect::BirthAfterHire,
    Defect::TooYoung,
    Defect::TooOld,
    Defect::MissingHire,
    Defect::UnparsableHire,
    Defect::HiredLater,
    Defect::UnparsableTermination,
    Defect::TerminatedBeforeHire,
    Defect::MissingPay,
    Defect::TextPay,
    Defect::NegativePay,
    Defect::ZeroPay,
    Defect::HugePay,
    Defect::TextRate,
    Defect::PercentRate,
    Defect::NegativeRate,
    Defect::RateAbovePlan,
    Defect::TextHours,
    Defect::HoursOutOfRange,
    Defect::EscalationNotBoolean,
    Defect::OverrideNotBoolean,
];

impl Defect {
    /// Damages a valid row. Repeats need an employee whose row to repeat; without one, returns the row unchanged.
    pub(crate) fn apply(self, valid: Row, employee: Option<&Row>, as_of: Date) -> Result<Row, jiff::Error> {
        let mut row = valid;
        match (self, employee) {
            (Self::IdenticalRepeat, Some(employee)) => return Ok(employee.clone()),
            (Self::ConflictingRepeat, Some(employee)) => {
                row = Row { pay: format!("1{}", employee.pay), ..employee.clone() };
            }
            _ => {}
        }
        let years_ago = |years: i64| as_of.checked_sub(years.years()).map(|day| day.to_string());
        let after = || as_of.checked_add(40.days()).map(|day| day.to_string());
        let (field, value) = match self {
            Self::IdenticalRepeat | Self::ConflictingRepeat => return Ok(row),
            Self::MissingId => (&mut row.id, String::new()),
            Self::NewHireId => {
                let id = row.id.replace("EMP", "NH_2025");
                (&mut row.id, id)
            }
            Self::MissingBirth => (&mut row.birth, String::new()),
            Self::UnparsableBirth => (&mut row.birth, "02/30/1980".to_owned()),
            Self::BirthAfterHire => {
                row.birth = years_ago(20)?;
                (&mut row.hire, years_ago(25)?)
            }
            Self::TooYoung => {
                row.birth = years_ago(12)?;
                (&mut row.hire, as_of.to_string())
            }
            Self::TooOld => (&mut row.birth, years_ago(120)?),
            Self::MissingHire => (&mut row.hire, String::new()),
            Self::UnparsableHire => (&mut row.hire, "last spring".to_owned()),
            Self::HiredLater => (&mut row.hire, after()?),
            Self::UnparsableTermination => (&mut row.termination, "soon".to_owned()),
            Self::TerminatedBeforeHire => {
                row.hire = years_ago(1)?;
                (&mut row.termination, years_ago(2)?)
            }
            Self::MissingPay => (&mut row.pay, String::new()),
            Self::TextPay => (&mut row.pay, "negotiable".to_owned()),
            Self::NegativePay => {
                let negative = format!("-{}", row.pay);
                (&mut row.pay, negative)
            }
            Self::ZeroPay => (&mut row.pay, "0.00".to_owned()),
            Self::HugePay => (&mut row.pay, "65000000.00".to_owned()),
            Self::TextRate => (&mut row.deferral_rate, "six".to_owned()),
            Self::PercentRate => (&mut row.deferral_rate, "6".to_owned()),
            Self::NegativeRate => (&mut row.deferral_rate, "-0.06".to_owned()),
            Self::RateAbovePlan => (&mut row.deferral_rate, "0.90".to_owned()),
            Self::TextHours => (&mut row.weekly_hours, "full".to_owned()),
            Self::HoursOutOfRange => (&mut row.weekly_hours, "400".to_owned()),
            Self::EscalationNotBoolean => (&mut row.declines_escalation, "perhaps".to_owned()),
            Self::OverrideNotBoolean => (&mut row.eligibility, "perhaps".to_owned()),
        };
        *field = value;
        Ok(row)
    }
}
