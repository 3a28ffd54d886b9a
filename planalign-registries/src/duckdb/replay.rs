//! Compares the registries with an event-by-event replay in Rust.

use std::collections::BTreeMap;

use planalign_config::Database;

use super::testing::{census, event, models, plain};
use super::{DeferralEscalationRegistry, EnrollmentRegistry};
use crate::registry::Registry;

/// A replayed person's state; rates in percent.
#[derive(Clone, Debug, Default, PartialEq)]
struct Person {
    enrolled: bool,
    first: Option<String>,
    opted_out: Option<String>,
    rate: u64,
    original: Option<u64>,
    escalations: u64,
    left: bool,
}

/// Small pseudorandom numbers, determined by a seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % n
    }
}

fn rate(percent: u64) -> String {
    format!("{}.{:02}", percent / 100, percent % 100)
}

/// Writes a person's events for a year and applies them.
fn simulate_year(db: &Database, draws: &mut Draws, id: &str, person: &mut Person, year: i32) {
    for month in 2..=12 {
        let day = format!("{year}-{month:02}-15");
        match draws.below(12) {
            0 if !person.enrolled => {
                let percent = 1 + draws.below(9);
                event(db, id, &day, "enrollment", "auto_enrollment", (&rate(0), &rate(percent)));
                (person.enrolled, person.rate) = (true, percent);
                person.first.get_or_insert(day);
                person.original.get_or_insert(percent);
            }
            1 if person.enrolled => {
                event(db, id, &day, "enrollment_change", "enrollment_opt_out", (&rate(person.rate), "0"));
                (person.enrolled, person.rate, person.opted_out) = (false, 0, Some(day));
            }
            2 if person.enrolled => {
                let change = (rate(person.rate), rate(person.rate + 1));
                event(db, id, &day, "deferral_escalation", "deferral_escalation", (&change.0, &change.1));
                person.rate += 1;
                person.escalations += 1;
            }
            3 if draws.below(4) == 0 => {
                plain(db, id, &day, "termination");
                person.left = true;
                return;
            }
            _ => {}
        }
    }
}

/// Simulates three years and compares everyone after each year.
fn check(seed: u64) {
    let db = models();
    let mut enrollment = EnrollmentRegistry::new(db.clone()).expect("open");
    let mut deferral = DeferralEscalationRegistry::new(db.clone()).expect("open");
    let mut draws = Draws(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut people = BTreeMap::new();
    for i in 0..8 {
        let percent = draws.below(3) * 4;
        census(&db, &format!("c{i}"), &rate(percent), false);
        let (enrolled, original) = (percent > 0, (percent > 0).then_some(percent));
        people.insert(format!("c{i}"), Person { enrolled, rate: percent, original, ..Person::default() });
    }
    for year in 2025..2028 {
        people.retain(|_, p| !p.left);
        let hired = format!("h{year}");
        plain(&db, &hired, &format!("{year}-01-20"), "hire");
        people.insert(hired, Person::default());
        for (id, person) in &mut people {
            simulate_year(&db, &mut draws, id, person, year);
        }
        assert_eq!(enrollment.update(year, 2025).expect("update"), people.len() as u64);
        assert_eq!(deferral.update(year, 2025).expect("update"), people.len() as u64);
        for (id, expected) in &people {
            let found = as_person(&enrollment, &deferral, id, year);
            assert_eq!(&found, expected, "seed {seed}, {id}, {year}");
        }
    }
}

fn as_person(enrollment: &EnrollmentRegistry, deferral: &DeferralEscalationRegistry, id: &str, year: i32) -> Person {
    let plan = enrollment.state_of(id, year).expect("query").expect("row");
    let rates = deferral.state_of(id, year).expect("query").expect("row");
    let percent = |rate: &str| rate.replace('.', "").parse::<u64>().expect("rate") / 10_000;
    Person {
        enrolled: plan.is_enrolled,
        first: plan.first_enrollment_date,
        opted_out: plan.opt_out_date,
        rate: percent(&rates.current_rate),
        original: rates.original_rate.as_deref().map(percent),
        escalations: rates.escalations,
        left: plan.left_on.is_some(),
    }
}

#[test]
fn registries_match_a_replay_of_the_events() {
    for seed in 1..=6 {
        check(seed);
    }
}
