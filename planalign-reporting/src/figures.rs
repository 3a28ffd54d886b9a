//! The headline figures: what each is called, where it stands in a year's audit, and how it is read.
//!
//! Their names are the columns of the CSV and what templates choose from.

use serde_json::Value;

use crate::fixed::{Money, Rate, grouped};
use crate::summary::MultiYearSummary;
use crate::year_audit::YearAudit;

/// A headline figure of a year.
#[derive(Clone, Copy)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Where it stands in the year's audit; that of a summary, for figures over several years.
    pub field: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Reads it for a year of a summary.
    pub read: fn(&MultiYearSummary, &YearAudit) -> Reading,
}

/// A figure as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A name.
    Text(String),
    /// A year, or a version.
    Number(i64),
    /// People, or events.
    Count(u64),
    /// People who came.
    Gain(u64),
    /// People who went.
    Loss(u64),
    /// People, and how many there should be.
    Of(u64, u64),
    /// Dollars.
    Money(Option<Money>),
    /// A share.
    Share(Option<Rate>),
    /// A quotient that is no share.
    Ratio(Option<Rate>),
}

impl Reading {
    /// As it stands in a CSV file: money has two decimals, rates have six; what does not exist is empty.
    #[must_use]
    pub fn to_csv(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Count(n) | Self::Gain(n) | Self::Loss(n) | Self::Of(n, _) => n.to_string(),
            Self::Money(money) => money.map_or_else(String::new, |money| money.to_string()),
            Self::Share(rate) | Self::Ratio(rate) => rate.map_or_else(String::new, |rate| rate.to_string()),
        }
    }

    /// As people read it: whole dollars, percent with two decimals; what does not exist is a dash.
    #[must_use]
    pub fn to_console(&self) -> String {
        let count = |n: u64| grouped(n.into());
        let signed = |sign: &str, n: u64| if n == 0 { count(0) } else { format!("{sign}{}", count(n)) };
        let hundredths = |rate: &Option<Rate>, per: i128| rate.and_then(|rate| Money::quotient(rate.units(), per));
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Gain(n) => signed("+", *n),
            Self::Loss(n) => signed("-", *n),
            Self::Of(n, wanted) if n != wanted => format!("{} of {}", count(*n), count(*wanted)),
            Self::Count(n) | Self::Of(n, _) => count(*n),
            Self::Money(money) => money.map_or_else(dash, Money::grouped),
            Self::Share(rate) => hundredths(rate, 10_000).map_or_else(dash, |percent| format!("{percent} %")),
            Self::Ratio(rate) => hundredths(rate, 1_000_000).map_or_else(dash, |ratio| ratio.to_string()),
        }
    }

    /// As it stands in a JSON file.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Count(n) | Self::Gain(n) | Self::Loss(n) | Self::Of(n, _) => (*n).into(),
            Self::Money(money) => serde_json::to_value(money).unwrap_or_default(),
            Self::Share(rate) | Self::Ratio(rate) => serde_json::to_value(rate).unwrap_or_default(),
        }
    }
}

/// All headline figures, in the order of the columns of the CSV.
pub const FIGURES: &[Figure] = &[
    figure("scenario_id", "provenance.scenario_id", "Scenario", |_, y| Reading::Text(y.provenance.scenario_id.clone())),
    figure("plan_design_id", "provenance.plan_design_id", "Plan design", |_, y| {
        Reading::Text(y.provenance.plan_design_id.clone())
    }),
    figure("year", "year", "Year", |_, y| Reading::Number(y.year.into())),
    figure("opening_headcount", "headcount.opening", "Opening headcount", |_, y| Reading::Count(y.headcount.opening)),
    figure("leavers", "headcount.leavers", "Leavers", |_, y| Reading::Loss(y.headcount.leavers)),
    figure("hires", "headcount.hires", "Hires", |_, y| Reading::Gain(y.headcount.hires)),
    figure("new_hire_leavers", "headcount.new_hire_leavers", "New-hire leavers", |_, y| {
        Reading::Loss(y.headcount.new_hire_leavers)
    }),
    figure("closing_headcount", "headcount.closing", "Closing headcount", |_, y| {
        Reading::Of(y.headcount.closing, y.headcount.target)
    }),
    figure("target_headcount", "headcount.target", "Target headcount", |_, y| Reading::Count(y.headcount.target)),
    figure("growth", "headcount.growth", "Growth", |_, y| Reading::Share(y.headcount.growth)),
    figure("compound_growth", "overall.compound_growth", "Growth a year, so far", |s, y| {
        Reading::Share(s.compound_growth(y.year))
    }),
    figure("hire_termination_ratio", "headcount.hire_termination_ratio", "Hires to a leaver", |_, y| {
        Reading::Ratio(y.headcount.hire_termination_ratio)
    }),
    figure("events_hire", "events.hire", "Hire events", |_, y| events(y, "hire")),
    figure("events_termination", "events.termination", "Terminations", |_, y| events(y, "termination")),
    figure("events_promotion", "events.promotion", "Promotions", |_, y| events(y, "promotion")),
    figure("events_raise", "events.raise", "Raises", |_, y| events(y, "raise")),
    figure("events_eligibility", "events.eligibility", "Entries into the plan", |_, y| events(y, "eligibility")),
    figure("events_enrollment", "events.enrollment", "Enrollments", |_, y| events(y, "enrollment")),
    figure("events_enrollment_change", "events.enrollment_change", "Opt-outs", |_, y| events(y, "enrollment_change")),
    figure("events_deferral_escalation", "events.deferral_escalation", "Automatic increases", |_, y| {
        events(y, "deferral_escalation")
    }),
    figure("payroll", "pay.payroll", "Payroll", |_, y| Reading::Money(Some(y.pay.payroll))),
    figure("average_pay", "pay.average", "Average pay", |_, y| Reading::Money(y.pay.average)),
    figure("earned_pay", "pay.earned", "Earned pay", |_, y| Reading::Money(Some(y.pay.earned))),
    figure("eligible", "participation.eligible", "Eligible", |_, y| Reading::Count(y.participation.eligible)),
    figure("enrolled", "participation.enrolled", "Enrolled", |_, y| Reading::Count(y.participation.enrolled)),
    figure("participating", "participation.participating", "Participating", |_, y| {
        Reading::Count(y.participation.participating)
    }),
    figure("participation_rate", "participation.participation_rate", "Participation", |_, y| {
        Reading::Share(y.participation.participation_rate)
    }),
    figure("average_deferral_rate", "participation.average_deferral_rate", "Average deferral", |_, y| {
        Reading::Share(y.participation.average_deferral_rate)
    }),
    figure("contributors", "contributions.people", "Contributors", |_, y| Reading::Count(y.contributions.people)),
    figure("employee_contributions", "contributions.total", "Contributions", |_, y| {
        Reading::Money(Some(y.contributions.total))
    }),
    figure("catch_up_contributions", "contributions.catch_up", "Catch-up contributions", |_, y| {
        Reading::Money(Some(y.contributions.catch_up))
    }),
    figure("employer_match", "employer.match", "Match", |_, y| Reading::Money(Some(y.employer.matched))),
    figure("employer_core", "employer.core", "Core", |_, y| Reading::Money(Some(y.employer.core))),
    figure("employer_total", "employer.total", "Employer cost", |_, y| Reading::Money(Some(y.employer.total))),
    figure("employer_share_of_earned", "employer.share_of_earned", "Employer share of pay", |_, y| {
        Reading::Share(y.employer.share_of_earned)
    }),
    figure("reached_402g", "limits.reached_402g", "At 402(g) limit", |_, y| Reading::Count(y.limits.reached_402g)),
    figure("made_catch_up", "limits.made_catch_up", "With catch-up", |_, y| Reading::Count(y.limits.made_catch_up)),
    figure("above_401a17", "limits.above_401a17", "Above 401(a)(17) limit", |_, y| {
        Reading::Count(y.limits.above_401a17)
    }),
    figure("match_capped", "limits.match_capped", "Match capped", |_, y| Reading::Count(y.limits.match_capped)),
    figure("findings_info", "finding_counts.info", "Remarks", |_, y| Reading::Count(y.finding_counts.info)),
    figure("findings_warning", "finding_counts.warning", "Warnings", |_, y| Reading::Count(y.finding_counts.warning)),
    figure("findings_error", "finding_counts.error", "Errors", |_, y| Reading::Count(y.finding_counts.error)),
    figure("findings_fatal", "finding_counts.fatal", "Fatal findings", |_, y| Reading::Count(y.finding_counts.fatal)),
    figure("layout_version", "layout_version", "Layout version", |_, y| Reading::Number(y.layout_version.into())),
];

impl Figure {
    /// The figure of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        FIGURES.iter().find(|figure| figure.name == name)
    }
}

impl std::fmt::Debug for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn figure(
    name: &'static str,
    field: &'static str,
    title: &'static str,
    read: fn(&MultiYearSummary, &YearAudit) -> Reading,
) -> Figure {
    Figure { name, field, title, read }
}

fn events(year: &YearAudit, name: &str) -> Reading {
    Reading::Count(year.events.get(name).copied().unwrap_or_default())
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for (i, figure) in FIGURES.iter().enumerate() {
            assert!(
                FIGURES[..i].iter().all(|other| other.name != figure.name && other.title != figure.title),
                "{figure:?}"
            );
        }
        assert_eq!(Figure::find("hires").map(|figure| figure.title), Some("Hires"));
        assert!(Figure::find("hire").is_none());
    }

    #[test]
    fn readings_for_files_and_for_people() {
        let rate = |millionths| Some(Rate::from_units(millionths));
        let all = [
            (Reading::Text("baseline".to_owned()), "baseline", "baseline", "\"baseline\""),
            (Reading::Number(2025), "2025", "2025", "2025"),
            (Reading::Count(12_345), "12345", "12,345", "12345"),
            (Reading::Gain(1_000), "1000", "+1,000", "1000"),
            (Reading::Gain(0), "0", "0", "0"),
            (Reading::Loss(7), "7", "-7", "7"),
            (Reading::Of(10, 10), "10", "10", "10"),
            (Reading::Of(9, 10), "9", "9 of 10", "9"),
            (Reading::Money(Some(Money::from_units(123_456))), "1234.56", "1,235", "1234.56"),
            (Reading::Money(None), "", "-", "null"),
            (Reading::Share(rate(123_456)), "0.123456", "12.35 %", "0.123456"),
            (Reading::Share(None), "", "-", "null"),
            (Reading::Ratio(rate(1_255_000)), "1.255000", "1.26", "1.255"),
        ];
        for (reading, csv, console, json) in all {
            assert_eq!((reading.to_csv(), reading.to_console()), (csv.to_owned(), console.to_owned()), "{reading:?}");
            assert_eq!(reading.to_json().to_string(), json, "{reading:?}");
        }
    }
}
