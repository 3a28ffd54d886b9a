//! Employer contributions: who is eligible, and for how much.

use super::calendar::{completed_years, days_in_year, last_day};
use super::earnings::Earnings;
use super::limits::Limits;
use super::money::{rounded, share};
use super::records::{Fact, money, rate};
use super::settings::{CoreEligibility, Match, MatchEligibility, Settings};
use super::year::PersonYear;

/// What a person is eligible for, in cents; hours are in hundredths.
pub(super) struct Employer {
    pub(super) hours: i128,
    pub(super) is_in_plan: bool,
    match_reason: &'static str,
    core_reason: &'static str,
    pub(super) matched: Matched,
    pub(super) core: i128,
    core_pay: i128,
}

/// The match step by step.
#[derive(Default)]
pub(super) struct Matched {
    pay: i128,
    deferrals: i128,
    uncapped: i128,
    pub(super) amount: i128,
}

impl From<&CoreEligibility> for MatchEligibility {
    fn from(rules: &CoreEligibility) -> Self {
        Self {
            minimum_tenure_years: rules.minimum_tenure_years,
            minimum_hours_annual: rules.minimum_hours_annual,
            require_active_at_year_end: rules.require_active_at_year_end,
            allow_new_hires: rules.allow_new_hires,
            allow_terminated_new_hires: rules.allow_terminated_new_hires,
            allow_experienced_terminations: rules.allow_experienced_terminations,
        }
    }
}

impl Employer {
    pub(super) fn of(life: &PersonYear, earnings: &Earnings, limits: &Limits, settings: &Settings) -> Self {
        let person = life.opening;
        let days = i128::from(life.first_day().duration_until(life.last_day()).as_hours() / 24 + 1);
        let hours = rounded(person.weekly_hours * 52 * days, days_in_year(life.year));
        let has_entered = person.entry.is_some_and(|entry| match life.termination {
            Some(termination) => entry < termination,
            None => entry <= last_day(life.year),
        });
        let is_in_plan = person.is_grandfathered || has_entered;
        let (matching, core) = (&settings.employer_match, &settings.employer_core_contribution);
        let reason = |rules: &MatchEligibility| reason(life, is_in_plan, hours, rules);
        let (match_reason, core_reason) = (reason(&matching.eligibility), reason(&(&core.eligibility).into()));
        let core_pay = earnings.pay.min(limits.compensation);
        let gets_core = core_reason == "eligible" && core.status != "none";
        let gets_match = match_reason == "eligible" && matching.active_formula != "none";
        Self {
            hours,
            is_in_plan,
            match_reason,
            core_reason,
            matched: if gets_match { Matched::of(matching, earnings, limits) } else { Matched::default() },
            core: if gets_core { share(core_pay, core.contribution_rate.0) } else { 0 },
            core_pay,
        }
    }

    /// The row of `int_employer_eligibility`.
    pub(super) fn eligibility_row(&self) -> Vec<(&'static str, Fact)> {
        vec![
            ("annual_hours_worked", Fact::Hundredths(self.hours)),
            ("is_in_plan", self.is_in_plan.into()),
            ("match_eligibility_reason", self.match_reason.into()),
            ("is_eligible_for_match", (self.match_reason == "eligible").into()),
            ("core_eligibility_reason", self.core_reason.into()),
            ("is_eligible_for_core", (self.core_reason == "eligible").into()),
        ]
    }

    /// The row of `fct_employer_match_events`, if the person gets a match.
    pub(super) fn match_row(&self, life: &PersonYear, settings: &Settings) -> Option<Vec<(&'static str, Fact)>> {
        let Matched { pay, deferrals, uncapped, amount } = self.matched;
        (amount > 0).then(|| {
            vec![
                ("event_type", "employer_match".into()),
                ("effective_date", last_day(life.year).into()),
                ("formula", settings.employer_match.active_formula.as_str().into()),
                ("eligible_compensation", money(pay)),
                ("deferrals_considered", money(deferrals)),
                ("uncapped_match", money(uncapped)),
                ("amount", money(amount)),
                ("is_capped", (amount < uncapped).into()),
            ]
        })
    }

    /// The row of `int_employer_core_contributions`, if the person gets one.
    pub(super) fn core_row(&self, settings: &Settings) -> Option<Vec<(&'static str, Fact)>> {
        let rules = &settings.employer_core_contribution;
        (self.core > 0).then(|| {
            vec![
                ("formula", rules.status.as_str().into()),
                ("eligible_compensation", money(self.core_pay)),
                ("core_rate", rate(rules.contribution_rate.0)),
                ("employer_core_amount", money(self.core)),
            ]
        })
    }
}

/// The first condition that is not met.
fn reason(life: &PersonYear, is_in_plan: bool, hours: i128, rules: &MatchEligibility) -> &'static str {
    let tenure = completed_years(life.opening.hire, life.last_day());
    let served = if life.is_new { rules.allow_new_hires } else { tenure >= rules.minimum_tenure_years };
    let may_leave = if life.is_new { rules.allow_terminated_new_hires } else { rules.allow_experienced_terminations };
    if !is_in_plan {
        "not_in_plan"
    } else if hours < rules.minimum_hours_annual * 100 {
        "insufficient_hours"
    } else if !served {
        "insufficient_tenure"
    } else if life.termination.is_some() && rules.require_active_at_year_end && !may_leave {
        "inactive_eoy"
    } else {
        "eligible"
    }
}

impl Matched {
    /// Each tier matches the deferrals between the bound of the tier before it and its own.
    fn of(rules: &Match, earnings: &Earnings, limits: &Limits) -> Self {
        let year_pay = if rules.compensation == "from_entry" { earnings.pay_since_entry } else { earnings.pay };
        let pay = year_pay.min(limits.compensation);
        let deferrals = if rules.match_catch_up { earnings.contributed() } else { earnings.regular };
        let (mut below, mut units) = (0, 0);
        for tier in &rules.tiers {
            // Cents x millionths, of pay and of the deferrals alike.
            let between = (deferrals * 1_000_000).clamp(below, pay * tier.up_to.0) - below;
            units += between * tier.rate.0;
            below = pay * tier.up_to.0;
        }
        let uncapped = rounded(units, 1_000_000_000_000);
        let amount = rules.match_cap_percent.map_or(uncapped, |cap| uncapped.min(share(pay, cap.0)));
        Self { pay, deferrals, uncapped, amount }
    }
}
