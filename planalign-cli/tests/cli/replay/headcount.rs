//! Recomputes the terminations and hires of a year.

use std::collections::BTreeMap;

use super::calendar::first_day;
use super::findings::Findings;
use super::money::rounded;
use super::person::Person;
use super::records::{Fact, Record};
use super::settings::Settings;
use super::year::Event;

/// The headcounts of a year.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headcount {
    opening: i128,
    experienced: i128,
    payroll: i128,
    known: i128,
    terminations: i128,
    experienced_drawn: i128,
    reduction: i128,
    pub(super) hires: i128,
    new_hire_terminations: i128,
    pub(super) target: i128,
}

fn count(people: impl Iterator) -> i128 {
    people.count().try_into().expect("a count")
}

pub(super) fn solve(year: i16, people: &BTreeMap<String, Person>, settings: &Settings) -> Headcount {
    let rates = &settings.workforce;
    let one = 1_000_000;
    let of = |wanted: &dyn Fn(&Person) -> bool| count(people.values().filter(|p| wanted(p)));
    let is_experienced = |p: &Person| p.hire < first_day(year - 1);
    let leaves_now = |p: &Person| p.known_termination.is_some_and(|day| day.year() == year);
    let (opening, experienced, known) = (of(&|_| true), of(&is_experienced), of(&leaves_now));
    let drawable = of(&|p| p.known_termination.is_none());
    let experienced_drawable = of(&|p| p.known_termination.is_none() && is_experienced(p));
    let new_hire_rate = rates.new_hire_termination_rate.0;
    let quota = rounded(experienced * rates.total_termination_rate.0, one);
    let first_year_quota =
        rounded((opening - experienced) * rates.first_full_year_rate.map_or(new_hire_rate, |rate| rate.0), one);
    let terminations = (quota + first_year_quota).max(known).min(known + drawable);
    let still_to_draw = terminations - known;
    let experienced_drawn = (quota - of(&|p| is_experienced(p) && leaves_now(p)))
        .max(0)
        .min(still_to_draw)
        .min(experienced_drawable)
        .max(still_to_draw - (drawable - experienced_drawable));
    let target = rounded(opening * (one + settings.simulation.target_growth_rate.0), one).max(1);
    let net = target - (opening - terminations);
    let staying = one - new_hire_rate;
    let hires = (net.max(0) * one + staying - 1) / staying;
    Headcount {
        opening,
        experienced,
        payroll: people.values().map(|p| p.pay).sum(),
        known,
        terminations,
        experienced_drawn,
        reduction: (-net).max(0).min(drawable - still_to_draw),
        hires,
        new_hire_terminations: hires - net.max(0),
        target,
    }
}

impl Headcount {
    /// Compares with the plan of the year.
    pub(super) fn check_plan(&self, year: i16, needs: &Record, findings: &mut Findings) {
        let closing = self.opening - self.terminations - self.reduction + self.hires - self.new_hire_terminations;
        findings.require(closing == self.target, || format!("{year}: the target isn't met: {self:?}"));
        let expected = [
            ("opening_headcount", self.opening.into()),
            ("experienced_headcount", self.experienced.into()),
            ("first_year_headcount", (self.opening - self.experienced).into()),
            ("opening_payroll_cents", self.payroll.into()),
            ("target_headcount", self.target.into()),
            ("known_leavers", self.known.into()),
            ("experienced_terminations", self.terminations.into()),
            ("experienced_drawn", self.experienced_drawn.into()),
            ("first_year_drawn", (self.terminations - self.known - self.experienced_drawn).into()),
            ("reduction_in_force", self.reduction.into()),
            ("hires", self.hires.into()),
            ("new_hire_terminations", self.new_hire_terminations.into()),
            ("expected_closing_headcount", closing.into()),
        ];
        findings.whole_row(&format!("{year}, int_workforce_needs"), &expected, &[], needs);
    }

    /// Compares the number of events of each kind.
    pub(super) fn check_events(
        &self,
        year: i16,
        people: &BTreeMap<String, Person>,
        events: &[Event],
        findings: &mut Findings,
    ) {
        let of = |wanted: &dyn Fn(&Event) -> bool| count(events.iter().filter(|e| wanted(e)));
        let is_experienced = |e: &Event| people.get(&e.id).map(|p| p.hire < first_day(year - 1));
        let drawn_of = |group: bool| {
            of(&|e| e.details == "Left" && e.category == "termination" && is_experienced(e) == Some(group))
        };
        let counts = [
            ("hires", self.hires, of(&|e| e.kind == "hire")),
            ("new-hire terminations", self.new_hire_terminations, of(&|e| e.category == "new_hire_termination")),
            ("terminations", self.terminations + self.reduction, of(&|e| e.category == "termination")),
            ("reduction in force", self.reduction, of(&|e| e.details == "Reduction in force")),
            ("terminations drawn among experienced employees", self.experienced_drawn, drawn_of(true)),
            (
                "terminations drawn among last year's hires",
                self.terminations - self.known - self.experienced_drawn,
                drawn_of(false),
            ),
        ];
        for (what, expected, found) in counts {
            findings.equal(&format!("{year}, {what}"), &expected.into(), &found.into());
        }
    }
}

/// Checks that hires by level add up, and that they are numbered consecutively.
pub(super) fn check_levels(year: i16, levels: &[Record], headcount: &Headcount, findings: &mut Findings) {
    let mut last: i128 = 0;
    for level in levels {
        last += level.number("hires").expect("a count");
        findings.equal(&format!("{year}, last hire number of a level"), &last.into(), level.fact("last_hire_number"));
    }
    findings.equal(&format!("{year}, hires of all levels"), &headcount.hires.into(), &Fact::Count(last));
}
