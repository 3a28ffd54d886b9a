//! The census as the models read it: one CSV file with the names of the fields as headers.

use std::fmt::{Display, Write as _};

use super::people::Person;

/// The header of the file.
pub(super) const HEADER: [&str; 13] = [
    "employee_id",
    "employee_birth_date",
    "employee_hire_date",
    "employee_service_date",
    "employee_termination_date",
    "employee_gross_compensation",
    "employee_deferral_rate",
    "scheduled_hours_per_week",
    "auto_escalation_opt_out",
    "eligibility_override",
    "census_row_number",
    "census_row_problems",
    "census_row_is_read",
];

/// The file for these people, with each row's number in the original, the problems found there (`field|problem|action|other row`,
/// separated by semicolons), and whether the rest of the row says anything about somebody.
pub(super) fn write(people: &[Person]) -> Vec<u8> {
    let mut text = String::with_capacity(people.len() * 96 + 256);
    text.push_str(&HEADER.join(","));
    text.push('\n');
    for person in people {
        row(&mut text, person);
    }
    text.into_bytes()
}

fn row(text: &mut String, person: &Person) {
    text.push('"');
    text.push_str(&person.id.replace('"', "\"\""));
    text.push('"');
    cell(text, person.birth_date);
    cell(text, person.hire_date);
    cell(text, person.service_date);
    cell(text, person.termination_date);
    cell(text, person.pay);
    cell(text, person.deferral_rate);
    cell(text, person.hours);
    cell(text, person.opted_out);
    cell(text, person.may_participate);
    cell(text, Some(person.row));
    text.push_str(",\"");
    for (at, problem) in person.problems.iter().enumerate() {
        let (meaning, what) = problem.kind.meaning();
        let other = problem.other_row.map_or_else(String::new, |row| row.to_string());
        let separator = if at == 0 { "" } else { ";" };
        let _ = write!(text, "{separator}{}|{meaning}|{}|{other}", problem.field.name(), what.name());
    }
    text.push('"');
    cell(text, Some(person.problems.iter().all(|problem| problem.kind.leaves_row_read())));
    text.push('\n');
}

fn cell(text: &mut String, value: Option<impl Display>) {
    text.push(',');
    if let Some(value) = value {
        let _ = write!(text, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_staging_model_reads_every_column() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dbt/models/initialization/stg_census_rows.sql");
        let sql = std::fs::read_to_string(path).expect("read the staging model");
        let list = |name: &str| {
            let start = format!("{{% set {name} = [");
            let list = sql.split_once(&start).and_then(|(_, rest)| rest.split_once(']')).expect("a list").0;
            list.split(", ").map(|name| name.trim_matches('\'').to_owned()).collect::<Vec<_>>()
        };
        assert_eq!([list("names"), list("found_earlier")].concat(), HEADER);
    }
}
