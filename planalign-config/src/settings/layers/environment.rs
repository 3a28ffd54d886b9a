//! Settings in environment variables.

use std::collections::BTreeMap;

use super::known::Known;
use super::{Layer, Source, overrides};
use crate::settings::problem::{Mistake, ProblemKind};
use crate::yaml::{Content, Node, Position};

const PREFIX: &str = "PLANALIGN_";

/// Settings outside of any section.
const TOP: [&str; 2] = ["scenario_id", "plan_design_id"];

/// The variables that are settings, sorted by name.
pub(super) fn settings(environment: &BTreeMap<String, String>) -> Vec<&str> {
    let names = environment.keys().map(String::as_str);
    names.filter(|name| name.strip_prefix(PREFIX).is_some_and(|rest| is_setting(&rest.to_ascii_lowercase()))).collect()
}

fn is_setting(rest: &str) -> bool {
    rest.contains("__") || TOP.contains(&rest)
}

/// One layer per variable that is a setting, sorted by name.
pub(super) fn layers(environment: &BTreeMap<String, String>, known: &Known) -> Vec<Layer> {
    let layer = |(name, value): (&String, &String)| {
        let rest = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
        let source = Source::Environment(name.clone());
        if is_setting(&rest) {
            return Some(overrides::layer(source, &rest.replace("__", "."), value));
        }
        known.setting_written(&rest).map(|key| not_separated(source, &rest, key))
    };
    environment.iter().filter_map(layer).collect()
}

/// Reports a setting whose parts are joined by a single `_`; it would be silently ignored.
fn not_separated(source: Source, rest: &str, key: &str) -> Layer {
    let at = Position::default();
    let nearest = format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase());
    let kind = ProblemKind::UnknownKey { nearest: Some(nearest), known: Vec::new() };
    let mistakes = vec![Mistake { at, key: rest.to_owned(), kind }];
    Layer { source, root: Node { content: Content::Map(Vec::new()), at }, mistakes }
}
