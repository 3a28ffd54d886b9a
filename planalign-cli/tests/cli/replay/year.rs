//! The events of a year, and one person's year as they shape it.

use jiff::civil::Date;

use super::calendar::{completed_years, first_day, last_day};
use super::findings::Findings;
use super::person::{Person, age_band, tenure_band};
use super::records::{Fact, Record};

/// The order of the events on one day.
const ORDER: [&str; 8] = [
    "hire",
    "eligibility",
    "enrollment",
    "enrollment_change",
    "deferral_escalation",
    "promotion",
    "raise",
    "termination",
];

/// Something that happened to a person. Pay in cents, rates in millionths.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) category: String,
    pub(super) details: String,
    pub(super) day: Date,
    pub(super) pay: Option<i128>,
    pub(super) pay_before: Option<i128>,
    pub(super) rate: Option<i128>,
    pub(super) rate_before: Option<i128>,
    pub(super) level: Option<i128>,
    pub(super) probability: Option<i128>,
    sequence: Option<i128>,
    age_and_service: [Fact; 4],
}

impl Event {
    pub(super) fn read(record: &Record) -> Self {
        let text = |column| record.word(column).expect("a value").to_owned();
        Self {
            id: text("employee_id"),
            key: text("event_id"),
            kind: text("event_type"),
            category: text("event_category"),
            details: text("event_details"),
            day: record.day("effective_date").expect("a day"),
            pay: record.number("compensation_amount"),
            pay_before: record.number("previous_compensation"),
            rate: record.number("employee_deferral_rate"),
            rate_before: record.number("prev_employee_deferral_rate"),
            level: record.number("level_id"),
            probability: record.number("event_probability"),
            sequence: record.number("event_sequence"),
            age_and_service: ["employee_age", "employee_tenure", "age_band", "tenure_band"]
                .map(|column| record.fact(column).clone()),
        }
    }

    fn rank(&self) -> usize {
        ORDER
            .iter()
            .position(|kind| *kind == self.kind)
            .unwrap_or_else(|| panic!("unknown kind of event {}", self.kind))
    }
}

/// From this day on, the person has this pay and defers at this rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) day: Date,
    pub(super) pay: i128,
    pub(super) rate: i128,
}

/// A person's year: opening state, events, and closing state.
pub(super) struct PersonYear<'a> {
    pub(super) year: i16,
    pub(super) id: &'a str,
    pub(super) opening: &'a Person,
    pub(super) is_new: bool,
    pub(super) events: Vec<&'a Event>,
    pub(super) termination: Option<Date>,
    pub(super) steps: Vec<Step>,
    pub(super) closing: Person,
    pub(super) last_rate_change: Option<Date>,
}

impl<'a> PersonYear<'a> {
    /// Applies the events in order, checking each against the state before it.
    pub(super) fn replay(
        (year, id): (i16, &'a str),
        opening: &'a Person,
        is_new: bool,
        events: Vec<&'a Event>,
        findings: &mut Findings,
    ) -> Self {
        let first = first_day(year).max(opening.hire);
        let begin = Step { day: first, pay: opening.pay, rate: opening.rate };
        let mut this = Self {
            year,
            id,
            opening,
            is_new,
            events,
            termination: None,
            steps: vec![begin],
            closing: opening.clone(),
            last_rate_change: None,
        };
        let mut previous = None;
        for event in this.events.clone() {
            let order = (event.day, event.rank());
            findings.require(previous < Some(order), || format!("{}: out of order", this.place(event)));
            previous = Some(order);
            this.check_context(event, findings);
            this.apply(event, findings);
            this.steps.push(Step { day: event.day, pay: this.closing.pay, rate: this.closing.rate });
        }
        let hires = this.events.iter().filter(|e| e.kind == "hire").count();
        findings.require(hires == usize::from(is_new), || format!("{year}, {id}: {hires} hires"));
        this
    }

    pub(super) fn place(&self, event: &Event) -> String {
        format!("{}, {}, {} on {}", self.year, self.id, event.category, event.day)
    }

    pub(super) fn last_day(&self) -> Date {
        self.termination.unwrap_or(last_day(self.year))
    }

    pub(super) fn first_day(&self) -> Date {
        first_day(self.year).max(self.opening.hire)
    }

    /// Whether an event other than a termination can happen on this day: from the hire date on, before the termination date.
    pub(super) fn is_employed_on(&self, day: Date) -> bool {
        day.year() == self.year
            && day >= self.opening.hire
            && self.termination.is_none_or(|termination| day < termination)
    }

    pub(super) fn event(&self, kind: &str) -> Option<&'a Event> {
        self.events.iter().copied().find(|e| e.kind == kind)
    }

    /// The rate before this day began.
    pub(super) fn rate_before(&self, day: Date) -> i128 {
        self.steps.iter().rfind(|step| step.day < day).map_or(self.opening.rate, |step| step.rate)
    }

    fn check_context(&self, event: &Event, findings: &mut Findings) {
        let place = self.place(event);
        let in_employment = event.day.year() == self.year && event.day >= self.opening.hire;
        findings.require(in_employment, || format!("{place}: outside the year, or before the hire"));
        findings.require(self.termination.is_none(), || format!("{place}: after the termination"));
        let age = completed_years(self.opening.birth, event.day);
        let tenure = completed_years(self.opening.hire, event.day);
        let expected = [age.into(), tenure.into(), age_band(age).into(), tenure_band(tenure).into()];
        for (fact, found) in expected.iter().zip(&event.age_and_service) {
            findings.equal(&format!("{place}, age or service"), fact, found);
        }
        let rank = i128::try_from(event.rank()).expect("a rank") + 1;
        let sequence = i128::from(event.day.day_of_year()) * 10 + rank;
        findings.equal(&format!("{place}, event_sequence"), &sequence.into(), &event.sequence.into());
    }

    fn apply(&mut self, event: &Event, findings: &mut Findings) {
        let place = self.place(event);
        match event.kind.as_str() {
            "hire" => {
                let is_first_day = event.day == self.opening.hire && event.pay == Some(self.opening.pay);
                findings
                    .require(is_first_day && self.is_new, || format!("{place}: not a new hire's hire date and pay"));
            }
            "promotion" | "raise" | "termination" => self.apply_pay(event, &place, findings),
            "enrollment" | "enrollment_change" | "deferral_escalation" => self.apply_rate(event, &place, findings),
            _ => {}
        }
        if event.kind == "promotion" {
            self.closing.level += 1;
        }
        if event.kind == "termination" {
            self.termination = Some(event.day);
        }
        findings.equal(&format!("{place}, level_id"), &self.closing.level.into(), &event.level.into());
        let presence = [
            (event.pay.is_some(), matches!(event.kind.as_str(), "hire" | "promotion" | "raise" | "termination")),
            (event.rate.is_some(), matches!(event.rank(), 2..=4)),
        ];
        for (has, should) in presence {
            findings.require(has == should, || format!("{place}: pay or rate is missing, or shouldn't be there"));
        }
    }

    /// The previous pay is the one in effect, and pay never falls.
    fn apply_pay(&mut self, event: &Event, place: &str, findings: &mut Findings) {
        let in_effect = Fact::Hundredths(self.closing.pay);
        let before = event.pay_before.map_or(Fact::Nothing, Fact::Hundredths);
        findings.equal(&format!("{place}, previous pay"), &in_effect, &before);
        let pay = event.pay.unwrap_or(0);
        let is_kept = event.kind != "termination" || pay == self.closing.pay;
        findings.require(pay >= self.closing.pay && is_kept, || format!("{place}: pay becomes {pay} cents"));
        self.closing.pay = pay;
    }

    /// The previous rate is the one in effect.
    fn apply_rate(&mut self, event: &Event, place: &str, findings: &mut Findings) {
        let person = &mut self.closing;
        let in_effect = Fact::Millionths(person.rate);
        let before = event.rate_before.map_or(Fact::Nothing, Fact::Millionths);
        findings.equal(&format!("{place}, previous rate"), &in_effect, &before);
        let rate = event.rate.unwrap_or(0);
        match event.kind.as_str() {
            "enrollment" => {
                let may_enroll = person.enrollment.is_none() && person.opt_out.is_none() && rate > 0;
                findings.require(may_enroll, || format!("{place}: already enrolled, or opted out"));
                person.enrollment = Some((event.day, event.category.clone()));
                person.original_rate = Some(rate);
                person.rate_source = "enrollment";
            }
            "enrollment_change" => {
                findings.require(person.is_enrolled() && rate == 0, || format!("{place}: not an opt-out"));
                person.opt_out = Some(event.day);
                person.rate_source = "opt_out";
            }
            _ => {
                findings.require(rate > person.rate, || format!("{place}: the rate doesn't rise"));
                person.increases += 1;
                person.increased_by += rate - person.rate;
                person.last_increase = Some(event.day);
                person.rate_source = "escalation";
            }
        }
        person.rate = rate;
        self.last_rate_change = Some(event.day);
    }
}
