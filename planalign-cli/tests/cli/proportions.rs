//! Probabilities and shares of the settings come out in the numbers of people.

use planalign_config::Database;

use crate::sandbox::{HEADER, Sandbox};

/// The whole numbers of a query's rows.
fn numbers(database: &Database, sql: &str) -> Vec<Vec<i64>> {
    let rows = database.query(sql, &[]).expect("query").rows;
    rows.iter().map(|row| (0..row.0.len()).map(|column| row.integer(column).expect("a number")).collect()).collect()
}

#[test]
fn those_prone_to_leave_leave_more_often() {
    let sandbox = Sandbox::new(1);
    // Alike but for their service, whose multipliers are 1.8 and 0.3.
    let person = |i: usize| {
        let hired = if i.is_multiple_of(2) { "2023-06-01" } else { "2000-06-01" };
        format!("E{i:03},1975-05-05,{hired},,60000.00,0,40,,\n")
    };
    let people: String = (0..400).map(person).collect();
    sandbox.write("census.csv", &format!("{HEADER}\n{people}"));
    sandbox.simulated(&["2025"]);
    let sql = "select count(*) filter (employee_hire_date > '2020-01-01'), count(*) filter (employee_hire_date < '2020-01-01')
        from int_termination_events";
    let leavers = numbers(&sandbox.open("simulation.duckdb"), sql);
    let (new, old) = (leavers[0][0], leavers[0][1]);
    assert!(new > 3 * old && old > 0, "{new} of the new, {old} of the old");
}

#[test]
fn hires_are_split_among_levels_as_the_staff_is() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&["2025-2027"]);
    let database = sandbox.open("simulation.duckdb");
    for year in 2025..=2027 {
        let sql = format!(
            "select level_id, count(*), (select count(*) from int_hiring_events as h where h.simulation_year = {year} and h.level_id = o.level_id)
            from int_employee_compensation_by_year as o where simulation_year = {year} group by level_id order by level_id"
        );
        let levels = numbers(&database, &sql);
        let (staff, hires): (i64, i64) = (levels.iter().map(|l| l[1]).sum(), levels.iter().map(|l| l[2]).sum());
        let mut expected: Vec<i64> = levels.iter().map(|level| hires * level[1] / staff).collect();
        // What is left goes to the largest remainders, at a tie to the lower level.
        let mut by_remainder: Vec<usize> = (0..levels.len()).collect();
        by_remainder.sort_by_key(|&i| (-(hires * levels[i][1] % staff), i));
        let left = usize::try_from(hires - expected.iter().sum::<i64>()).expect("a count");
        by_remainder[..left].iter().for_each(|&i| expected[i] += 1);
        assert!(left > 0, "{year}: nothing is left to split");
        assert_eq!(levels.iter().map(|level| level[2]).collect::<Vec<_>>(), expected, "{year}");
    }
}

#[test]
fn as_many_are_hired_for_half_of_the_time_as_the_share_says() {
    let sandbox = Sandbox::new(400);
    let settings = ["--set", "workforce.part_time_new_hire_pct=0.3", "--set", "simulation.target_growth_rate=0.5"];
    sandbox.simulated(&[&["2025"], &settings[..]].concat());
    let sql = "select count(*) filter (scheduled_hours_per_week = 20), count(*) filter (scheduled_hours_per_week = 40), count(*)
        from int_hiring_events";
    let hires = numbers(&sandbox.open("simulation.duckdb"), sql);
    let [half, full, all] = hires[0][..] else { panic!("{hires:?}") };
    assert_eq!(half + full, all);
    assert!((25..=35).contains(&(100 * half / all)), "{half} of {all}");
}

#[test]
fn no_year_repeats_the_draws_of_the_year_before() {
    let sandbox = Sandbox::new(400);
    sandbox.simulated(&["2025-2026", "--set", "compensation.raise_timing.method=monthly_shares"]);
    let sql = "select count(*) filter (a.effective_date + interval 1 year = b.effective_date), count(*)
        from fct_yearly_events as a inner join fct_yearly_events as b using (employee_id, event_type)
        where event_type = 'raise' and a.simulation_year = 2025 and b.simulation_year = 2026";
    let raises = numbers(&sandbox.open("simulation.duckdb"), sql);
    assert!(raises[0][0] * 20 < raises[0][1], "{} of {} on the same day", raises[0][0], raises[0][1]);
}
