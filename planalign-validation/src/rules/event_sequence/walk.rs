//! Checks everyone's events in one walk, regardless of the order they are stored in.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::counts::Probe;
use crate::rule::CheckError;

/// Returns whether every event of the year passes. It doesn't say whose events fail: the rule's queries check everyone and count,
/// which takes the engine several times as long.
///
/// The walk checks every condition of the rule for everyone, so nothing the rule would count passes. People are identified by a
/// 64-bit hash of their ID; two with the same hash would look like a duplicate. The walk keeps about 150 bytes per person.
pub(super) fn is_clean(probe: &Probe<'_>) -> Result<bool, CheckError> {
    let mut is_clean = true;
    let mut parts: [Part; 256] = std::array::from_fn(|_| Part::default());
    // The other bits of the hash distinguish people within a part.
    let part_of = |person: u64| (person >> 32) as usize % 256;
    let mut is_empty = true;
    probe.for_each_row(OPENING, |[person, hired_on, refuses_increases, pay, rate]| {
        is_empty = false;
        if let Some(person) = person.map(i64::cast_unsigned) {
            let (hired_on, refuses_increases) = (small(hired_on), refuses_increases == Some(1));
            let (pay, rate) = (pay.unwrap_or(NONE), rate.unwrap_or(0));
            parts[part_of(person)].opening.push(Opening { person, hired_on, refuses_increases, pay, rate });
        }
    })?;
    // Few people have more, and growing the vectors means copying them repeatedly.
    for part in &mut parts {
        part.events.reserve(3 * part.opening.len());
    }
    probe.for_each_row(EVENTS, |[person, sequence, day, kind, from, to]| {
        match (person.map(i64::cast_unsigned), small(sequence), small(day), kind) {
            (Some(person), Some(sequence), Some(day), Some(kind)) => {
                let (from, to) = (from.unwrap_or(NONE), to.unwrap_or(NONE));
                parts[part_of(person)].events.push(Event { person, sequence, day, kind, from, to });
            }
            _ => is_clean = false,
        }
    })?;
    let mut people = People::default();
    Ok(is_clean && !is_empty && parts.iter().all(|part| part.is_clean(&mut people)))
}

/// A part of the people, small enough for their state to fit in the processor's cache.
#[derive(Default)]
struct Part {
    events: Vec<Event>,
    opening: Vec<Opening>,
}

impl Part {
    fn is_clean(&self, people: &mut People) -> bool {
        people.clear();
        let mut is_clean = true;
        for event in &self.events {
            is_clean &= people.entry(event.person).or_default().live_through(event);
        }
        for opening in &self.opening {
            // People without events can't fail.
            if let Some(person) = people.get_mut(&opening.person) {
                is_clean &= person.may_open_as(opening);
            }
        }
        is_clean && people.values().all(Person::is_clean)
    }
}

struct Opening {
    person: u64,
    hired_on: Option<i32>,
    refuses_increases: bool,
    pay: i64,
    rate: i64,
}

/// A person's events, condensed. Pay is in cents, rates are in millionths, and days count from 1970-01-01.
struct Person {
    first_day: i32,
    last_day: i32,
    hired_on: Option<i32>,
    left_on: Option<i32>,
    /// Number of hires plus appearances in the opening workforce.
    presences: u8,
    leavings: u8,
    increases: u8,
    pay: Chain,
    rate: Chain,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            first_day: i32::MAX,
            last_day: i32::MIN,
            hired_on: None,
            left_on: None,
            presences: 0,
            leavings: 0,
            increases: 0,
            pay: Chain::default(),
            rate: Chain::default(),
        }
    }
}

impl Person {
    /// Records an event; returns whether its change fits those seen so far.
    fn live_through(&mut self, event: &Event) -> bool {
        self.first_day = self.first_day.min(event.day);
        self.last_day = self.last_day.max(event.day);
        match event.kind & KIND {
            HIRE => {
                self.presences = self.presences.saturating_add(1);
                self.hired_on = Some(event.day);
            }
            TERMINATION => {
                self.leavings = self.leavings.saturating_add(1);
                self.left_on = Some(event.day);
            }
            INCREASE => self.increases = self.increases.saturating_add(1),
            _ => {}
        }
        match event.kind & CHANGES {
            0 => true,
            CHANGES_PAY => self.pay.link(event),
            CHANGES_RATE => self.rate.link(event),
            // The query shows only one of two simultaneous changes.
            _ => false,
        }
    }

    /// Records that the person is in the opening workforce; returns whether the events agree.
    fn may_open_as(&mut self, opening: &Opening) -> bool {
        self.presences = self.presences.saturating_add(1);
        opening.hired_on <= Some(self.first_day)
            && !(opening.refuses_increases && self.increases > 0)
            && self.starts_from(opening.pay, opening.rate)
    }

    fn starts_from(&self, pay: i64, rate: i64) -> bool {
        self.pay.starts_from(pay) && self.rate.starts_from(rate)
    }

    fn is_clean(&self) -> bool {
        self.presences == 1
            && self.leavings <= 1
            && self.increases <= 1
            && self.hired_on.is_none_or(|day| day <= self.first_day && self.starts_from(NONE, 0))
            && self.left_on.is_none_or(|day| day >= self.last_day)
    }
}

/// A gapless chain of changes: the sequence numbers of the first and last, and the values before and after the chain.
struct Chain {
    first: i32,
    last: i32,
    start: i64,
    end: i64,
}

impl Default for Chain {
    fn default() -> Self {
        Self { first: i32::MAX, last: i32::MIN, start: NONE, end: NONE }
    }
}

impl Chain {
    fn is_empty(&self) -> bool {
        self.first > self.last
    }

    /// Adds a change before or after all others; returns whether it fits. One between others, or with the same number, doesn't.
    fn link(&mut self, event: &Event) -> bool {
        if self.is_empty() {
            *self = Self { first: event.sequence, last: event.sequence, start: event.from, end: event.to };
            true
        } else if event.sequence > self.last {
            let fits = event.from == self.end;
            (self.last, self.end) = (event.sequence, event.to);
            fits
        } else {
            let fits = event.sequence < self.first && event.to == self.start;
            (self.first, self.start) = (event.sequence, event.from);
            fits
        }
    }

    fn starts_from(&self, value: i64) -> bool {
        self.is_empty() || self.start == value
    }
}

struct Event {
    person: u64,
    sequence: i32,
    day: i32,
    kind: i64,
    from: i64,
    to: i64,
}

/// Stands for NULL; no amount has this value.
const NONE: i64 = i64::MIN;

const KIND: i64 = 3;
const HIRE: i64 = 1;
const TERMINATION: i64 = 2;
const INCREASE: i64 = 3;
const CHANGES: i64 = CHANGES_PAY | CHANGES_RATE;
const CHANGES_PAY: i64 = 4;
const CHANGES_RATE: i64 = 8;

/// Few columns, so that little has to be passed over. A date outside the year is null.
const EVENTS: &str = "
    select
        hash(employee_id),
        event_sequence,
        case when effective_date between make_date($1, 1, 1) and make_date($1, 12, 31) then effective_date end,
        case event_type when 'hire' then 1 when 'termination' then 2 when 'deferral_escalation' then 3 else 0 end
        + case when compensation_amount is null then 0 else 4 end
        + case when employee_deferral_rate is null then 0 else 8 end,
        case when compensation_amount is null
            then (prev_employee_deferral_rate * 1000000)::bigint
            else (previous_compensation * 100)::bigint
        end,
        coalesce((compensation_amount * 100)::bigint, (employee_deferral_rate * 1000000)::bigint)
    from fct_yearly_events
    where simulation_year = $1";

const OPENING: &str = "
    select
        hash(employee_id), employee_hire_date, auto_escalation_opt_out,
        (employee_compensation * 100)::bigint, (deferral_rate * 1000000)::bigint
    from int_employee_compensation_by_year
    where simulation_year = $1 and employee_id is not null";

fn small(number: Option<i64>) -> Option<i32> {
    number.and_then(|number| number.try_into().ok())
}

/// Keyed by the hash of the ID, which needs no further hashing.
type People = HashMap<u64, Person, BuildHasherDefault<Hashed>>;

#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
