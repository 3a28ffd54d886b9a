//! The settings, section by section.

use std::fmt::Write as _;

use planalign_config::settings::schema::{SettingEntry, json_schema, settings};

use super::{cell, heading};

const INTRODUCTION: &str = "All settings of a configuration or scenario file. The commented defaults are in \
    [config/simulation_config.yaml](../../config/simulation_config.yaml); the JSON Schema for editors is \
    [config/simulation_config.schema.json](../../config/simulation_config.schema.json) (`planalign validate --schema`). \
    Constraints between settings aren't in the schema; `planalign validate` checks them.\n\n\
    Rates are fractions with up to six decimals; money is in whole dollars. Every key can also be set in the environment \
    (`simulation.start_year` as `PLANALIGN_SIMULATION__START_YEAR`) and on the command line (`--set simulation.start_year=2026`). \
    In models it is a dbt variable: its parts joined by `_`, without a leading `simulation_`.";

pub(super) fn page() -> String {
    let mut page = heading("Configuration", INTRODUCTION);
    let schema = json_schema();
    let mut section = None;
    let mut lists = Vec::new();
    for setting in settings() {
        let (first, _) = setting.key.split_once('.').unwrap_or(("", &setting.key));
        if section.as_deref() != Some(first) {
            entries(&mut page, &mut lists);
            let title = if first.is_empty() { "Names" } else { first };
            let meaning =
                schema["properties"][first]["description"].as_str().unwrap_or("Names that identify the results.");
            let _ = writeln!(page, "{}## {title}\n\n{meaning}\n", if section.is_some() { "\n" } else { "" });
            page.push_str("| key | default | allowed values | description |\n|---|---|---|---|\n");
            section = Some(first.to_owned());
        }
        let default = setting.default.as_ref().map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
        let (allowed, meaning) = (cell(&setting.allowed), cell(&setting.meaning));
        let _ = writeln!(page, "| `{}` | {default} | {allowed} | {meaning} |", setting.key);
        lists.push(setting);
    }
    entries(&mut page, &mut lists);
    page
}

/// The fields of list entries, below the table of their section.
fn entries(page: &mut String, settings: &mut Vec<SettingEntry>) {
    for list in settings.drain(..).filter(|setting| !setting.fields.is_empty()) {
        let _ = writeln!(
            page,
            "\nEach entry of `{}`:\n\n| field | required | allowed values | description |\n|---|---|---|---|",
            list.key
        );
        for field in list.fields {
            let (allowed, meaning) = (cell(&field.allowed), cell(&field.meaning));
            let must = if field.is_required { "yes" } else { "no" };
            let _ = writeln!(page, "| `{}` | {must} | {allowed} | {meaning} |", field.key);
        }
    }
}
