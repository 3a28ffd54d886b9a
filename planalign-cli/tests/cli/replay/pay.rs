//! Promotions, raises, and the pay of new hires: who gets them, when, and how much.

use jiff::civil::Date;

use super::calendar::{completed_years, plan_day};
use super::findings::Findings;
use super::money::{rounded, share};
use super::person::LEVEL_MINIMA;
use super::settings::{Compensation, PromotionCompensation, Settings};
use super::year::{Event, PersonYear};

/// Merit rates of levels 1 to 5, in millionths.
const MERIT: [i128; 5] = [35_000, 40_000, 45_000, 50_000, 55_000];
/// Hiring ranges of levels 1 to 5, in dollars.
const HIRING: [(i128, i128); 5] =
    [(56_000, 80_000), (81_000, 120_000), (121_000, 160_000), (161_000, 300_000), (275_000, 500_000)];
const HIRING_AGES: [i128; 8] = [22, 25, 28, 32, 35, 40, 45, 50];

fn of_level<T: Copy>(table: &[T], level: i128) -> T {
    table[usize::try_from(level - 1).expect("a level")]
}

pub(super) fn check_person(life: &PersonYear, settings: &Settings, findings: &mut Findings) {
    for event in &life.events {
        let place = life.place(event);
        let tenure = completed_years(life.opening.hire, event.day);
        match event.kind.as_str() {
            "hire" => check_hire(life, event, findings),
            "promotion" => {
                let is_on_day = event.day == plan_day(life.year, &settings.compensation.promotion_day);
                findings
                    .require(is_on_day && tenure >= 1, || format!("{place}: not on the promotion day, or too early"));
                check_promotion(&place, event, &settings.compensation.promotion_compensation, findings);
            }
            "raise" => findings.require(tenure >= 1, || format!("{place}: less than a year of service")),
            _ => {}
        }
    }
    check_raise_day(life, &settings.compensation, findings);
    let count = life.events.iter().filter(|e| e.kind == "promotion").count();
    findings.require(count <= 1, || format!("{}, {}: {count} promotions", life.year, life.id));
}

fn check_hire(life: &PersonYear, event: &Event, findings: &mut Findings) {
    let (min, max) = of_level(&HIRING, life.opening.level);
    let pay = event.pay.unwrap_or(0);
    let age = completed_years(life.opening.birth, event.day);
    let is_in_range = (min * 100..=max * 100).contains(&pay) && HIRING_AGES.contains(&age);
    findings.require(is_in_range, || format!("{}: pay {pay} cents at age {age}", life.place(event)));
}

/// The increase is within its range, raised to the new level's minimum, and capped.
fn check_promotion(place: &str, event: &Event, rules: &PromotionCompensation, findings: &mut Findings) {
    let (before, pay) = (event.pay_before.unwrap_or(0), event.pay.unwrap_or(0));
    let level = event.level.unwrap_or(0);
    findings.require((2..=5).contains(&level), || format!("{place}: promoted to level {level}"));
    let minimum = of_level(&LEVEL_MINIMA, (level - 1).clamp(1, 4)) * 100;
    let cap = share(before, 1_000_000 + rules.max_cap_pct.0).min(before + rules.max_cap_amount * 100);
    let bound = |increase: i128| share(before, 1_000_000 + increase).max(minimum).min(cap).max(before);
    let (base, spread) = (rules.base_increase_pct.0, rules.distribution_range.0);
    let (min, max) = (bound(base - spread), bound(base + spread));
    findings.require((min..=max).contains(&pay), || format!("{place}: {before} cents become {pay}"));
}

/// On a fixed day, every active employee with a year of service gets a raise; with monthly shares, only in months that have one.
fn check_raise_day(life: &PersonYear, rules: &Compensation, findings: &mut Findings) {
    let raises: Vec<_> = life.events.iter().filter(|e| e.kind == "raise").map(|e| e.day).collect();
    let place = || format!("{}, {}: raises on {raises:?}", life.year, life.id);
    if rules.raise_timing.method == "fixed_day" {
        let day = plan_day(life.year, &rules.raise_timing.day);
        let is_due = life.is_employed_on(day) && completed_years(life.opening.hire, day) >= 1;
        findings.require(raises == if is_due { vec![day] } else { vec![] }, place);
    } else {
        let month = |day: &Date| usize::from(day.month().unsigned_abs()) - 1;
        let has_share = |day: &Date| rules.raise_timing.monthly_shares[month(day)] > 0.0;
        findings.require(raises.len() <= 1 && raises.iter().all(has_share), place);
        // With a year of service on Jan 1 and no termination, there is a raise in some month.
        let is_certain = life.termination.is_none() && completed_years(life.opening.hire, life.first_day()) >= 1;
        findings.require(!is_certain || raises.len() == 1, || format!("{}, {}: no raise", life.year, life.id));
    }
}

/// Each raise is its level's merit rate, scaled to the budget, plus the cost of living. The merit raises add up to the budget.
pub(super) fn check_budget(year: i16, payroll: i128, events: &[Event], rules: &Compensation, findings: &mut Findings) {
    let raises: Vec<(i128, i128, i128)> = events
        .iter()
        .filter(|e| e.kind == "raise")
        .map(|e| (e.level.unwrap_or(1), e.pay_before.unwrap_or(0), e.pay.unwrap_or(0)))
        .collect();
    let unscaled: i128 = raises.iter().map(|(level, before, _)| before * of_level(&MERIT, *level)).sum();
    let mut total = 0;
    for (level, before, after) in &raises {
        let merit = after - before - share(*before, rules.cola_rate.0);
        let expected = match rules.merit_budget {
            Some(budget) => rounded(before * of_level(&MERIT, *level) * payroll * budget.0, unscaled * 1_000_000),
            None => share(*before, of_level(&MERIT, *level)),
        };
        // The scaled rate has nine decimals.
        let tolerance = if rules.merit_budget.is_some() { 1 + before / 1_000_000_000 } else { 0 };
        findings.require((merit - expected).abs() <= tolerance, || {
            format!("{year}: a raise of {before} cents by {merit} for merit, expected {expected}")
        });
        total += merit;
    }
    if let (Some(budget), false) = (rules.merit_budget, raises.is_empty()) {
        let difference = (total * 1_000_000 - payroll * budget.0).abs();
        let count = i128::try_from(raises.len()).expect("a count");
        findings.require(difference * 2 <= count * 1_000_000, || {
            format!("{year}: merit of {total} cents misses the budget")
        });
    }
}
