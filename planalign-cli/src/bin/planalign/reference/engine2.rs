//! The keys of `PlanAlign Engine 2` and how each is handled.

use std::fmt::Write as _;

use planalign_config::settings::engine2::{Conversion, Key, Migration, keys};

use super::{cell, heading};

const INTRODUCTION: &str = "A configuration in the format of PlanAlign Engine 2 is accepted for the keys that are kept; every other key is \
    reported with its line and its replacement, if any. `section.*` covers keys not listed separately.";

pub(super) fn page() -> String {
    let mut page = heading("Keys of PlanAlign Engine 2", INTRODUCTION);
    page.push_str("| key | status |\n|---|---|\n");
    for key in keys() {
        let _ = writeln!(page, "| `{}` | {} |", key.path, cell(&migration(key)));
    }
    page
}

fn migration(key: &Key) -> String {
    let migration = match key.migration {
        Migration::Kept => "kept".to_owned(),
        Migration::Renamed { to, value: Conversion::Percent } => {
            format!("renamed to `{to}`, a fraction instead of a percentage")
        }
        Migration::Renamed { to, value: Conversion::Same | Conversion::Rewritten } => format!("renamed to `{to}`"),
        Migration::Refused => "rejected".to_owned(),
        Migration::Planned => "not supported yet".to_owned(),
    };
    if key.text.is_empty() { migration } else { format!("{migration}: {}", key.text) }
}
