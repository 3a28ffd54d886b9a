//! Plan entry, enrollment, opt-outs, and automatic increases: who, when, and at what rate.

use jiff::civil::Date;

use super::calendar::{after, completed_years, first_day, last_day, plan_day};
use super::findings::Findings;
use super::person::{Pending, Person, Window};
use super::probabilities::{self, INCOMES, segment};
use super::records::Record;
use super::settings::{AutoEnrollment, Settings};
use super::year::{Event, PersonYear};

/// Voluntary rates in millionths by age segment and income segment.
const VOLUNTARY: [[i128; 4]; 4] = [
    [30_000, 30_000, 40_000, 60_000],
    [40_000, 60_000, 80_000, 100_000],
    [50_000, 80_000, 100_000, 120_000],
    [60_000, 100_000, 120_000, 150_000],
];

/// The window opens on the entry date, or on the first day of the simulation for those who entered earlier.
fn window_opens(person: &Person, settings: &Settings) -> Option<Date> {
    person.entry.map(|entry| entry.max(first_day(settings.simulation.start_year)))
}

/// Age, pay, and level when the window opened, if it has.
pub(super) fn window(life: &PersonYear, settings: &Settings) -> Option<Window> {
    let opens = window_opens(life.opening, settings).filter(|day| life.is_employed_on(*day));
    let Person { birth, pay, level, .. } = *life.opening;
    let opened = |day| Window { age: completed_years(birth, day), pay, level };
    opens.map(opened).or(life.opening.window)
}

fn voluntary_rate(window: Window, settings: &Settings) -> i128 {
    let (age, income) = (segment(window.age, [31, 46, 56]), segment(window.pay, INCOMES));
    let max = settings.enrollment.voluntary_enrollment.max_deferral_rate.min(settings.deferrals.maximum_rate);
    VOLUNTARY[age][income].max(10_000).min(max.0)
}

/// The day of automatic enrollment, if it applies to the person.
fn automatic_day(person: &Person, settings: &Settings) -> Option<Date> {
    let AutoEnrollment { enabled, scope, hire_date_cutoff, window_days, .. } = &settings.enrollment.auto_enrollment;
    let applies = *enabled
        && (scope == "all_eligible_employees" || person.hire > settings.census_date())
        && hire_date_cutoff.is_none_or(|cutoff| person.hire >= cutoff);
    window_opens(person, settings).filter(|_| applies).map(|opens| after(opens, *window_days))
}

pub(super) fn check(life: &PersonYear, settings: &Settings, findings: &mut Findings) {
    check_entry(life, settings, findings);
    check_enrollment(life, settings, findings);
    check_opt_out(life, settings, findings);
    check_escalation(life, settings, findings);
    check_pending(life, findings);
}

/// One event on the entry date, for everyone who enters during the simulation and is employed then.
fn check_entry(life: &PersonYear, settings: &Settings, findings: &mut Findings) {
    let is_new_entry = |day: &Date| *day > settings.census_date() && life.is_employed_on(*day);
    let expected: Vec<Date> = life.opening.entry.filter(is_new_entry).into_iter().collect();
    let found: Vec<Date> = life.events.iter().filter(|e| e.kind == "eligibility").map(|e| e.day).collect();
    findings.require(expected == found, || {
        format!("{}, {}: enters the plan on {expected:?}, events on {found:?}", life.year, life.id)
    });
}

fn check_enrollment(life: &PersonYear, settings: &Settings, findings: &mut Findings) {
    if let Some(event) = life.event("enrollment") {
        let place = life.place(event);
        let has_entered = life.opening.entry.is_some_and(|entry| entry <= event.day);
        findings.require(has_entered, || format!("{place}: before entering the plan"));
        match event.category.as_str() {
            "auto_enrollment" => check_automatic(life, event, settings, findings),
            _ => check_voluntary(life, event, settings, findings),
        }
    }
    // No one is forgotten.
    if let Some(day) = automatic_day(life.opening, settings).filter(|day| life.is_employed_on(*day)) {
        let is_enrolled = life.closing.enrollment.as_ref().is_some_and(|(enrolled, _)| *enrolled <= day);
        findings.require(is_enrolled, || format!("{}, {}: not enrolled by {day}", life.year, life.id));
    }
}

fn check_automatic(life: &PersonYear, event: &Event, settings: &Settings, findings: &mut Findings) {
    let place = life.place(event);
    let expected = automatic_day(life.opening, settings);
    findings
        .require(expected == Some(event.day), || format!("{place}: automatic enrollment should be on {expected:?}"));
    let rate = settings.enrollment.auto_enrollment.default_deferral_rate.min(settings.deferrals.maximum_rate);
    findings
        .require(event.rate == Some(rate.0), || format!("{place}: rate {:?}, but the default is {rate:?}", event.rate));
}

fn check_voluntary(life: &PersonYear, event: &Event, settings: &Settings, findings: &mut Findings) {
    let place = life.place(event);
    let days = settings.enrollment.auto_enrollment.window_days.max(1);
    let is_within =
        window_opens(life.opening, settings).is_some_and(|opens| (opens..after(opens, days)).contains(&event.day));
    let is_offered = settings.enrollment.voluntary_enrollment.enabled && event.category == "voluntary_enrollment";
    findings.require(is_within && is_offered, || format!("{place}: outside the window, or not offered"));
    let in_time = automatic_day(life.opening, settings).is_none_or(|automatic| event.day <= automatic);
    findings.require(in_time, || format!("{place}: after the automatic enrollment"));
    let rate = life.closing.window.map(|window| voluntary_rate(window, settings));
    findings.require(event.rate == rate, || format!("{place}: rate {:?}, but the segment's is {rate:?}", event.rate));
    let probability = life.closing.window.map(|window| probabilities::of_enrolling(window, settings));
    findings
        .require(event.probability == probability, || format!("{place}: the probability should be {probability:?}"));
}

/// Only after automatic enrollment, within the grace period.
fn check_opt_out(life: &PersonYear, settings: &Settings, findings: &mut Findings) {
    let Some(event) = life.event("enrollment_change") else { return };
    let grace = settings.enrollment.auto_enrollment.opt_out_grace_period;
    let is_in_time = life.closing.enrollment.as_ref().is_some_and(|(day, method)| {
        method == "auto_enrollment" && *day < event.day && event.day <= after(*day, grace)
    });
    findings.require(is_in_time, || format!("{}: outside the grace period", life.place(event)));
    let probability = life.closing.window.map(|window| probabilities::of_opting_out(window, settings));
    findings.require(event.probability == probability, || {
        format!("{}: the probability should be {probability:?}", life.place(event))
    });
}

/// Once a year, for everyone who has deferred below the maximum long enough and hasn't declined, and for no one else.
fn check_escalation(life: &PersonYear, settings: &Settings, findings: &mut Findings) {
    let rules = &settings.deferral_auto_escalation;
    let day = plan_day(life.year, &rules.effective_day);
    let rate = life.rate_before(day);
    let max = rules.maximum_rate.min(settings.deferrals.maximum_rate).0;
    let since = life.closing.enrollment.as_ref().map_or(i16::MAX, |(enrolled, _)| enrolled.year());
    let is_due = rules.enabled
        && !life.opening.refuses_increases
        && rules.hire_date_cutoff.is_none_or(|cutoff| life.opening.hire >= cutoff)
        && life.is_employed_on(day)
        && life.year.checked_sub(since).is_some_and(|years| years >= rules.first_escalation_delay_years)
        && (1..max).contains(&rate)
        && life.closing.opt_out != Some(day);
    let expected = is_due.then(|| (day, (rate + rules.increment_amount.0).min(max)));
    let escalations = life.events.iter().filter(|e| e.kind == "deferral_escalation");
    let found: Vec<_> = escalations.map(|e| (e.day, e.rate.unwrap_or(0))).collect();
    findings.require(found == expected.into_iter().collect::<Vec<_>>(), || {
        format!("{}, {}: at rate {rate}, expected the increase {expected:?}, found {found:?}", life.year, life.id)
    });
}

/// What the prior year left pending happens, unless the person leaves, and nothing happens that should have been pending.
fn check_pending(life: &PersonYear, findings: &mut Findings) {
    let is_due = |day: &Date| day.year() == life.year && life.is_employed_on(*day);
    let pending = life.opening.pending.enrollment.clone().filter(|(day, ..)| is_due(day));
    let enrollment = life.event("enrollment").map(|e| (e.day, e.category.clone(), e.rate.unwrap_or(0)));
    let opened_before = life.opening.window.is_some();
    findings.require(if opened_before { enrollment == pending } else { pending.is_none() }, || {
        format!("{}, {}: pending {pending:?}, happened {enrollment:?}", life.year, life.id)
    });
    let opt_out = life.opening.pending.opt_out.filter(is_due);
    let happened = life.event("enrollment_change").map(|e| e.day);
    findings.require(if opened_before { happened == opt_out } else { opt_out.is_none() }, || {
        format!("{}, {}: opt-out pending for {opt_out:?}, happened {happened:?}", life.year, life.id)
    });
}

/// What the year leaves pending for later ones, which only the draws determine. It must be dated after the year.
pub(super) fn pending(life: &PersonYear, record: &Record, settings: &Settings, findings: &mut Findings) -> Pending {
    let enrollment = record.day("pending_enrollment_date").map(|day| {
        let method = record.word("pending_enrollment_method").unwrap_or_default().to_owned();
        (day, method, record.number("pending_deferral_rate").unwrap_or(0))
    });
    let pending = Pending { enrollment, opt_out: record.day("pending_opt_out_date") };
    let days = [pending.enrollment.as_ref().map(|(day, ..)| *day), pending.opt_out];
    let is_later = days.iter().flatten().all(|day| *day > last_day(life.year) && life.termination.is_none());
    findings.require(is_later, || format!("{}, {}: {pending:?} isn't in a later year", life.year, life.id));
    let is_enrolled = life.closing.enrollment.is_some();
    findings.require(!is_enrolled || pending.enrollment.is_none(), || {
        format!("{}, {}: enrolled, but an enrollment is pending", life.year, life.id)
    });
    // Someone whose window is still open on Dec 31 is enrolled at its end at the latest.
    let ends_later = automatic_day(life.opening, settings)
        .is_some_and(|day| day > last_day(life.year) && life.termination.is_none() && life.closing.window.is_some());
    findings.require(!ends_later || is_enrolled || pending.enrollment.is_some(), || {
        format!("{}, {}: an open window, but nothing pending", life.year, life.id)
    });
    pending
}
