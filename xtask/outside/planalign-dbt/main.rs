//! Builds and tests a small dbt project, a seed and a model, on an in-memory DuckDB.

use std::error::Error;
use std::fs;
use std::path::Path;

use planalign_dbt::{AfterFailure, Connection, Database, EmbeddedRunner, Flow, Selection, Vars};

const FILES: [(&str, &str); 4] = [
    ("dbt_project.yml", "name: staff\nvars: {raise: 0.03}\n"),
    ("seeds/pay.csv", "person,pay\nann,100000\nbob,80000\n"),
    ("models/raised.sql", "select person, pay * (1 + {{ var('raise') }}) as pay from {{ ref('pay') }}"),
    ("models/raised.yml", "models: [{name: raised, columns: [{name: person, data_tests: [unique, not_null]}]}]"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let project = Path::new("staff");
    for folder in ["seeds", "models"] {
        fs::create_dir_all(project.join(folder))?;
    }
    for (file, text) in FILES {
        fs::write(project.join(file), text)?;
    }
    let database = Database::on(Connection::open_in_memory()?)?;
    let mut runner = EmbeddedRunner::load(project, database.clone(), &Vars::new())?;
    println!("{}", runner.compile("raised", &Vars::new())?);

    let everything = Selection::default();
    for outcome in runner.build(&everything, &Vars::new(), AfterFailure::Continue, &mut |_| Flow::Continue)? {
        println!("{}: {outcome:?}", outcome.name());
        assert!(outcome.is_success());
    }
    let payroll = database.query_value("select sum(pay)::bigint from raised", &[])?.integer();
    println!("payroll: {payroll:?}");
    assert_eq!(payroll, Some(185_400));
    Ok(())
}
