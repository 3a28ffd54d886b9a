//! The headline metrics: their names and titles, their fields in the year audit, and how they are read.
//!
//! The names are the CSV columns and the names used in templates.

use serde_json::Value;

use crate::fixed::{Money, Rate, grouped};
use crate::summary::MultiYearSummary;
use crate::year_audit::YearAudit;

/// A headline metric of a year.
#[derive(Clone, Copy)]
pub struct Metric {
    /// Name, as in CSV columns and templates.
    pub name: &'static str,
    /// Field of the year audit, or of the summary for metrics that span years.
    pub field: &'static str,
    /// Default title.
    pub title: &'static str,
    /// Reads the metric for one year of a summary.
    pub read: fn(&MultiYearSummary, &YearAudit) -> MetricValue,
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricValue {
    /// Text, such as a name.
    Text(String),
    /// A year or version.
    Number(i64),
    /// A number of people or events.
    Count(u64),
    /// Additions to headcount, shown with a plus sign.
    Gain(u64),
    /// Reductions of headcount, shown with a minus sign.
    Loss(u64),
    /// A number of people and its target.
    OfTarget(u64, u64),
    /// Dollars.
    Money(Option<Money>),
    /// A share, shown as a percentage.
    Share(Option<Rate>),
    /// A ratio that isn't a share.
    Ratio(Option<Rate>),
}

impl MetricValue {
    /// Formats the value for CSV: two decimals for money, six for rates, and empty if there is none.
    #[must_use]
    pub fn to_csv(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Count(n) | Self::Gain(n) | Self::Loss(n) | Self::OfTarget(n, _) => n.to_string(),
            Self::Money(money) => money.map_or_else(String::new, |money| money.to_string()),
            Self::Share(rate) | Self::Ratio(rate) => rate.map_or_else(String::new, |rate| rate.to_string()),
        }
    }

    /// Formats the value for the console: whole dollars, percentages with two decimals, and a dash if there is none.
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
            Self::OfTarget(n, wanted) if n != wanted => format!("{} of {}", count(*n), count(*wanted)),
            Self::Count(n) | Self::OfTarget(n, _) => count(*n),
            Self::Money(money) => money.map_or_else(dash, Money::grouped),
            Self::Share(rate) => hundredths(rate, 10_000).map_or_else(dash, |percent| format!("{percent}%")),
            Self::Ratio(rate) => hundredths(rate, 1_000_000).map_or_else(dash, |ratio| ratio.to_string()),
        }
    }

    /// Returns the value for JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Count(n) | Self::Gain(n) | Self::Loss(n) | Self::OfTarget(n, _) => (*n).into(),
            Self::Money(money) => serde_json::to_value(money).unwrap_or_default(),
            Self::Share(rate) | Self::Ratio(rate) => serde_json::to_value(rate).unwrap_or_default(),
        }
    }
}

/// All headline metrics, in CSV column order.
pub const METRICS: &[Metric] = &[
    metric("scenario_id", "provenance.scenario_id", "Scenario", |_, y| {
        MetricValue::Text(y.provenance.scenario_id.clone())
    }),
    metric("plan_design_id", "provenance.plan_design_id", "Plan design", |_, y| {
        MetricValue::Text(y.provenance.plan_design_id.clone())
    }),
    metric("year", "year", "Year", |_, y| MetricValue::Number(y.year.into())),
    metric("opening_headcount", "headcount.opening", "Opening headcount", |_, y| {
        MetricValue::Count(y.headcount.opening)
    }),
    metric("terminations", "headcount.terminations", "Terminations", |_, y| {
        MetricValue::Loss(y.headcount.terminations)
    }),
    metric("hires", "headcount.hires", "Hires", |_, y| MetricValue::Gain(y.headcount.hires)),
    metric("new_hire_terminations", "headcount.new_hire_terminations", "New-hire terminations", |_, y| {
        MetricValue::Loss(y.headcount.new_hire_terminations)
    }),
    metric("closing_headcount", "headcount.closing", "Closing headcount", |_, y| {
        MetricValue::OfTarget(y.headcount.closing, y.headcount.target)
    }),
    metric("target_headcount", "headcount.target", "Target headcount", |_, y| MetricValue::Count(y.headcount.target)),
    metric("growth", "headcount.growth", "Growth", |_, y| MetricValue::Share(y.headcount.growth)),
    metric("compound_growth", "overall.compound_growth", "CAGR", |s, y| MetricValue::Share(s.compound_growth(y.year))),
    metric("hire_termination_ratio", "headcount.hire_termination_ratio", "Hire-to-termination ratio", |_, y| {
        MetricValue::Ratio(y.headcount.hire_termination_ratio)
    }),
    metric("events_hire", "events.hire", "Hire events", |_, y| events(y, "hire")),
    metric("events_termination", "events.termination", "Termination events", |_, y| events(y, "termination")),
    metric("events_promotion", "events.promotion", "Promotions", |_, y| events(y, "promotion")),
    metric("events_raise", "events.raise", "Raises", |_, y| events(y, "raise")),
    metric("events_eligibility", "events.eligibility", "Plan entries", |_, y| events(y, "eligibility")),
    metric("events_enrollment", "events.enrollment", "Enrollments", |_, y| events(y, "enrollment")),
    metric("events_enrollment_change", "events.enrollment_change", "Opt-outs", |_, y| events(y, "enrollment_change")),
    metric("events_deferral_escalation", "events.deferral_escalation", "Automatic increases", |_, y| {
        events(y, "deferral_escalation")
    }),
    metric("payroll", "pay.payroll", "Payroll", |_, y| MetricValue::Money(Some(y.pay.payroll))),
    metric("average_pay", "pay.average", "Average pay", |_, y| MetricValue::Money(y.pay.average)),
    metric("earned_pay", "pay.earned", "Earned pay", |_, y| MetricValue::Money(Some(y.pay.earned))),
    metric("eligible", "participation.eligible", "Eligible", |_, y| MetricValue::Count(y.participation.eligible)),
    metric("enrolled", "participation.enrolled", "Enrolled", |_, y| MetricValue::Count(y.participation.enrolled)),
    metric("participating", "participation.participating", "Participants", |_, y| {
        MetricValue::Count(y.participation.participating)
    }),
    metric("participation_rate", "participation.participation_rate", "Participation rate", |_, y| {
        MetricValue::Share(y.participation.participation_rate)
    }),
    metric("average_deferral_rate", "participation.average_deferral_rate", "Average deferral rate", |_, y| {
        MetricValue::Share(y.participation.average_deferral_rate)
    }),
    metric("contributors", "contributions.people", "Contributors", |_, y| MetricValue::Count(y.contributions.people)),
    metric("employee_contributions", "contributions.total", "Employee contributions", |_, y| {
        MetricValue::Money(Some(y.contributions.total))
    }),
    metric("catch_up_contributions", "contributions.catch_up", "Catch-up contributions", |_, y| {
        MetricValue::Money(Some(y.contributions.catch_up))
    }),
    metric("employer_match", "employer.match", "Match", |_, y| MetricValue::Money(Some(y.employer.matched))),
    metric("employer_core", "employer.core", "Core contributions", |_, y| MetricValue::Money(Some(y.employer.core))),
    metric("employer_total", "employer.total", "Employer cost", |_, y| MetricValue::Money(Some(y.employer.total))),
    metric("employer_share_of_earned", "employer.share_of_earned", "Employer cost, share of pay", |_, y| {
        MetricValue::Share(y.employer.share_of_earned)
    }),
    metric("reached_402g", "limits.reached_402g", "At 402(g) limit", |_, y| MetricValue::Count(y.limits.reached_402g)),
    metric("made_catch_up", "limits.made_catch_up", "Catch-up contributors", |_, y| {
        MetricValue::Count(y.limits.made_catch_up)
    }),
    metric("above_401a17", "limits.above_401a17", "Above 401(a)(17) limit", |_, y| {
        MetricValue::Count(y.limits.above_401a17)
    }),
    metric("match_capped", "limits.match_capped", "Match capped", |_, y| MetricValue::Count(y.limits.match_capped)),
    metric("findings_info", "finding_counts.info", "Info findings", |_, y| MetricValue::Count(y.finding_counts.info)),
    metric("findings_warning", "finding_counts.warning", "Warning findings", |_, y| {
        MetricValue::Count(y.finding_counts.warning)
    }),
    metric("findings_error", "finding_counts.error", "Error findings", |_, y| {
        MetricValue::Count(y.finding_counts.error)
    }),
    metric("findings_fatal", "finding_counts.fatal", "Fatal findings", |_, y| {
        MetricValue::Count(y.finding_counts.fatal)
    }),
    metric("layout_version", "layout_version", "Layout version", |_, y| MetricValue::Number(y.layout_version.into())),
];

impl Metric {
    /// Returns the metric with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.name == name)
    }
}

impl std::fmt::Debug for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn metric(
    name: &'static str,
    field: &'static str,
    title: &'static str,
    read: fn(&MultiYearSummary, &YearAudit) -> MetricValue,
) -> Metric {
    Metric { name, field, title, read }
}

fn events(year: &YearAudit, name: &str) -> MetricValue {
    MetricValue::Count(year.events.get(name).copied().unwrap_or_default())
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_titles_are_unique() {
        for (i, metric) in METRICS.iter().enumerate() {
            assert!(
                METRICS[..i].iter().all(|other| other.name != metric.name && other.title != metric.title),
                "{metric:?}"
            );
        }
        assert_eq!(Metric::find("hires").map(|metric| metric.title), Some("Hires"));
        assert!(Metric::find("hire").is_none());
    }

    #[test]
    fn values_for_files_and_for_people() {
        let rate = |millionths| Some(Rate::from_units(millionths));
        let all = [
            (MetricValue::Text("baseline".to_owned()), "baseline", "baseline", "\"baseline\""),
            (MetricValue::Number(2025), "2025", "2025", "2025"),
            (MetricValue::Count(12_345), "12345", "12,345", "12345"),
            (MetricValue::Gain(1_000), "1000", "+1,000", "1000"),
            (MetricValue::Gain(0), "0", "0", "0"),
            (MetricValue::Loss(7), "7", "-7", "7"),
            (MetricValue::OfTarget(10, 10), "10", "10", "10"),
            (MetricValue::OfTarget(9, 10), "9", "9 of 10", "9"),
            (MetricValue::Money(Some(Money::from_units(123_456))), "1234.56", "1,235", "1234.56"),
            (MetricValue::Money(None), "", "-", "null"),
            (MetricValue::Share(rate(123_456)), "0.123456", "12.35%", "0.123456"),
            (MetricValue::Share(None), "", "-", "null"),
            (MetricValue::Ratio(rate(1_255_000)), "1.255000", "1.26", "1.255"),
        ];
        for (value, csv, console, json) in all {
            assert_eq!((value.to_csv(), value.to_console()), (csv.to_owned(), console.to_owned()), "{value:?}");
            assert_eq!(value.to_json().to_string(), json, "{value:?}");
        }
    }
}
