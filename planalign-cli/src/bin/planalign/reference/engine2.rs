//! The keys of `PlanAlign Engine 2`, and what became of each.

use std::fmt::Write as _;

use planalign_config::settings::engine2::{Conversion, Key, Migration, keys};

use super::{cell, heading};

const INTRODUCTION: &str = "A configuration in the format of PlanAlign Engine 2 is read as far as its keys are kept; every other key is \
    told with its line and what became of it. `section.*` is all of a section that is not listed by itself.";

pub(super) fn page() -> String {
    let mut page = heading("Keys of PlanAlign Engine 2", INTRODUCTION);
    page.push_str("| key | here |\n|---|---|\n");
    for key in keys() {
        let _ = writeln!(page, "| `{}` | {} |", key.path, cell(&migration(key)));
    }
    page
}

fn migration(key: &Key) -> String {
    let migration = match key.migration {
        Migration::Kept => "kept".to_owned(),
        Migration::Renamed { to, value: Conversion::Percent } => {
            format!("renamed to `{to}`, a share instead of a percent")
        }
        Migration::Renamed { to, value: Conversion::Same | Conversion::Rewritten } => format!("renamed to `{to}`"),
        Migration::Refused => "refused".to_owned(),
        Migration::Planned => "not yet".to_owned(),
    };
    if key.text.is_empty() { migration } else { format!("{migration}: {}", key.text) }
}
