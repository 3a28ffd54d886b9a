//! Replays a finished simulation year by year and person by person, from the census and the events alone.

use std::collections::{BTreeMap, BTreeSet};

use planalign_config::Database;

use super::census::{self, Census};
use super::findings::Findings;
use super::limits::limits;
use super::person::Person;
use super::plan_entry::entry_date;
use super::records::{Fact, Record, money, of_all_years};
use super::settings::Settings;
use super::tables::Tables;
use super::year::{Event, PersonYear};
use super::{closing, headcount, participation, pay, person_year};

type State = BTreeMap<String, Person>;

/// Panics if the database differs from what follows from the census and the events. Returns the kinds of events.
pub(super) fn check(database: &Database, census_csv: &str, settings: &Settings) -> BTreeSet<String> {
    let mut findings = Findings::default();
    let census = census::read(census_csv, settings);
    check_census(database, &census, &mut findings);
    let mut people = census.people;
    for person in people.values_mut() {
        person.earned_last_year = Some(census_earnings(person, settings));
    }
    let mut ever_hired: BTreeSet<String> = people.keys().cloned().collect();
    let (mut event_keys, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for year in settings.simulation.start_year..=settings.simulation.end_year {
        let tables = Tables::read(database, year);
        for event in &tables.events {
            findings
                .require(event_keys.insert(event.key.clone()), || format!("{year}: duplicate event_id {}", event.key));
            kinds.insert(event.category.clone());
        }
        for id in tables.hires.keys() {
            findings.require(ever_hired.insert(id.clone()), || format!("{year}, {id}: hired twice"));
        }
        people = replay_year(year, &people, &tables, settings, &mut findings);
    }
    findings.conclude();
    kinds
}

fn check_census(database: &Database, census: &Census, findings: &mut Findings) {
    let accepted = of_all_years(database, "stg_census_data");
    let ids: BTreeSet<&str> = accepted.iter().filter_map(|r| r.word("employee_id")).collect();
    let expected: BTreeSet<&str> = census.people.keys().map(String::as_str).collect();
    let different: Vec<_> = ids.symmetric_difference(&expected).take(5).collect();
    findings.require(different.is_empty(), || format!("accepted by only one of the two: {different:?}"));
    let count = |n: usize| Fact::Count(n.try_into().expect("a count"));
    let summary = of_all_years(database, "stg_census_summary");
    let counts = [
        ("accepted_rows", count(census.people.len())),
        ("rejected_rows", count(census.rejected)),
        ("left_out_rows", count(census.left_out)),
        ("grandfathered_rows", count(census.people.values().filter(|p| p.is_grandfathered).count())),
    ];
    findings.row("census", &counts, &summary[0]);
}

/// Pay at the census's rate, for the days employed in its year.
fn census_earnings(person: &Person, settings: &Settings) -> i128 {
    let last = settings.census_date();
    let first = super::calendar::first_day(last.year()).max(person.hire);
    let days = i128::from(last.day_of_year() - first.day_of_year() + 1);
    super::money::rounded(person.pay * days, super::calendar::days_in_year(last.year()))
}

/// Returns the people who open the next year.
fn replay_year(year: i16, people: &State, tables: &Tables, settings: &Settings, findings: &mut Findings) -> State {
    check_plan(year, people, tables, settings, findings);
    let hired: State = tables.hires.iter().map(|(id, record)| (id.clone(), new_hire(record, settings))).collect();
    let everyone: BTreeSet<&String> = people.keys().chain(hired.keys()).collect();
    for (table, rows) in tables.with_everyone() {
        let found: BTreeSet<&String> = rows.keys().collect();
        let different: Vec<_> = everyone.symmetric_difference(&found).take(5).collect();
        assert!(different.is_empty(), "{year}, {table}: extra or missing: {different:?}");
    }
    let mut by_person: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in &tables.events {
        by_person.entry(event.id.as_str()).or_default().push(event);
    }
    for id in by_person.keys() {
        findings
            .require(everyone.iter().any(|known| known == id), || format!("{year}, {id}: events of an unknown person"));
    }
    let mut next = State::new();
    let present = people.iter().map(|p| (p, false)).chain(hired.iter().map(|p| (p, true)));
    for ((id, person), is_new) in present {
        let events = by_person.remove(id.as_str()).unwrap_or_default();
        let mut life = PersonYear::replay((year, id), person, is_new, events, findings);
        life.closing.window = participation::window(&life, settings);
        person_year::check(&mut life, tables, settings, findings);
        if life.termination.is_none() {
            next.insert(id.clone(), life.closing);
        }
    }
    let target = headcount::solve(year, people, settings).target;
    let closing = Fact::Count(next.len().try_into().expect("a count"));
    findings.equal(&format!("{year}, closing headcount"), &target.into(), &closing);
    next
}

/// Checks the headcounts, the opening state, the limits, and the raises as a whole.
fn check_plan(year: i16, people: &State, tables: &Tables, settings: &Settings, findings: &mut Findings) {
    let headcount = headcount::solve(year, people, settings);
    assert_eq!((tables.needs.len(), tables.limits.len()), (1, 1), "{year}: one row of needs and one of limits");
    headcount.check_plan(year, &tables.needs[0], findings);
    headcount.check_events(year, people, &tables.events, findings);
    headcount::check_levels(year, &tables.needs_by_level, &headcount, findings);
    let opening: Vec<&String> = tables.opening.keys().collect();
    let differs = opening != people.keys().collect::<Vec<_>>();
    assert!(!differs, "{year}: {} people open the year, but {} closed the prior one", opening.len(), people.len());
    for (id, person) in people {
        let place = format!("{year}, {id}, int_employee_compensation_by_year");
        findings.row(&place, &closing::opening(year, person), &tables.opening[id]);
    }
    let numbers = (1..=tables.hires.len()).map(|number| format!("NH_{year}_{number:06}"));
    findings
        .require(numbers.eq(tables.hires.keys().cloned()), || format!("{year}: hires aren't numbered consecutively"));
    let limits = limits(year, settings.irs_limits.index_rate);
    let row = [
        ("deferral_limit", money(limits.deferrals)),
        ("catch_up_limit", money(limits.catch_up)),
        ("super_catch_up_limit", money(limits.super_catch_up)),
        ("compensation_limit", money(limits.compensation)),
        ("annual_additions_limit", money(limits.annual_additions)),
        ("roth_catch_up_threshold", limits.roth_threshold.map_or(Fact::Nothing, money)),
        ("is_estimated", (year > 2026).into()),
    ];
    findings.row(&format!("{year}, int_irs_limits"), &row, &tables.limits[0]);
    let payroll = people.values().map(|p| p.pay).sum();
    pay::check_budget(year, payroll, &tables.events, &settings.compensation, findings);
}

/// New hires are drawn, but their entry dates follow from the rules.
fn new_hire(record: &Record, settings: &Settings) -> Person {
    let birth = record.day("employee_birth_date").expect("a birth date");
    let hire = record.day("employee_hire_date").expect("a hire date");
    let hours = record.number("scheduled_hours_per_week").expect("hours");
    let entry = entry_date(&settings.plan_eligibility, birth, hire, hours, record.truth("is_plan_excluded"));
    let pay = record.number("compensation_amount").expect("pay");
    Person { level: record.number("level_id").expect("a level"), ..Person::new(birth, hire, hours, entry, pay) }
}
