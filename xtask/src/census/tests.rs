//! Who is in a synthetic census.

use super::*;

fn arguments(employees: u32, terminated: u32, bad_rows: u32) -> CensusArguments {
    CensusArguments {
        employees,
        seed: 1,
        out: PathBuf::from("census.csv"),
        as_of: date(2024, 12, 31),
        terminated,
        bad_rows,
        with_ssn: false,
    }
}

fn employees(count: u32) -> Vec<Person> {
    let arguments = arguments(count, 0, 0);
    (1..=count).map(|number| person(&arguments, number).expect("person")).collect()
}

/// Percentage of people who match.
fn percent(people: &[Person], holds: impl Fn(&Person) -> bool) -> usize {
    people.iter().filter(|person| holds(person)).count() * 100 / people.len()
}

#[test]
fn the_first_people_of_a_seed_never_change() {
    let rows = rows(&arguments(3, 0, 0)).expect("rows");
    let printed: Vec<String> = rows.iter().map(|row| row.fields().join(",")).collect();
    let expected = [
        "EMP_000001,901-01-0000,1995-07-05,2022-12-26,,57054.40,0.00,40,false,",
        "EMP_000002,902-01-0000,1993-07-10,2023-12-29,,55265.60,0.00,21,false,",
        "EMP_000003,903-01-0000,1989-04-28,2013-02-28,,137300.00,0.10,40,false,",
    ];
    assert_eq!(printed, expected);
}

#[test]
fn a_larger_census_begins_with_the_smaller_one() {
    let small = rows(&arguments(50, 0, 0)).expect("rows");
    let large = rows(&arguments(80, 0, 0)).expect("rows");
    assert_eq!(small, large[..50]);
}

#[test]
fn shares_resemble_an_ordinary_company() {
    let people = employees(10_000);
    let year = date(2024, 1, 1);
    assert!((12..=18).contains(&percent(&people, |p| p.hire >= year)), "hired in the year");
    assert!((60..=65).contains(&percent(&people, |p| p.deferral_percent > 0)), "participants");
    assert!((5..=7).contains(&percent(&people, |p| p.weekly_hours < 30)), "part-time");
    assert!((50..=60).contains(&percent(&people, |p| p.pay_cents < 8_100_000)), "lowest level");
    assert!(people.iter().any(|p| p.pay_cents > 30_000_000), "highest level");
    assert!(people.iter().any(|p| p.is_excluded), "excluded");
    assert!(people.iter().any(|p| p.declines_escalation), "opts out of increases");
}

#[test]
fn nobody_is_hired_before_the_age_of_18_or_after_the_census() {
    for person in employees(5_000) {
        let adult = person.birth.checked_add(jiff::Span::new().years(18)).expect("date");
        assert!(adult <= person.hire && person.hire <= date(2024, 12, 31), "{person:?}");
    }
}

#[test]
fn terminations_are_before_the_as_of_date_or_in_the_year_after_it() {
    let rows = rows(&arguments(5, 20, 0)).expect("rows");
    assert_eq!(rows.len(), 5 + 20 + 2);
    assert!(rows[..5].iter().all(|row| row.termination.is_empty()));
    assert!(rows[5..25].iter().all(|row| row.hire <= row.termination && row.termination.as_str() <= "2024-12-31"));
    assert!(rows[25..].iter().all(|row| row.termination.starts_with("2025-")));
}

#[test]
fn every_defect_changes_its_row() {
    let valid = rows(&arguments(40 + 27, 0, 0)).expect("rows");
    let defective = rows(&arguments(40, 0, 27)).expect("rows");
    for (index, kind) in defect::KINDS.iter().enumerate() {
        assert_ne!(valid[40 + index], defective[40 + index], "{kind:?}");
    }
}

#[test]
fn the_extension_decides_the_format() {
    let folder = tempfile::tempdir().expect("folder");
    let census = |name: &str, bad_rows| CensusArguments { out: folder.path().join(name), ..arguments(30, 0, bad_rows) };
    run(&census("census.csv", 0)).expect("CSV");
    let header = std::fs::read_to_string(folder.path().join("census.csv")).expect("file");
    assert!(header.starts_with("employee_id,employee_birth_date,"), "{header}");
    run(&census("census.parquet", 0)).expect("typed Parquet");
    run(&census("bad.parquet", 27)).expect("Parquet of text");
    let names = std::fs::read_dir(folder.path()).expect("folder").count();
    assert_eq!(names, 3, "the intermediate file is removed");
    let refused = run(&census("census.xlsx", 0)).expect_err("unknown format").to_string();
    assert!(refused.starts_with("census file must be .csv or .parquet"), "{refused}");
}
