//! Properties that hold for any text, any value, and any split of settings over layers.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::merge;
use super::tests::{Given, IDS};
use crate::settings::origins::Origin;
use crate::settings::problem::ConfigError;
use crate::settings::schema::json_schema;
use crate::settings::schema::tests::admits::admits;
use crate::settings::{DEFAULT_CONFIG, SimulationConfig};

fn key() -> impl Strategy<Value = String> {
    let mut keys = merge::default_leaves();
    keys.extend(
        ["simulation", "employer_match.eligibility", "census.columns.employee_id", "no.such_key"].map(str::to_owned),
    );
    proptest::sample::select(keys)
}

/// Values of every kind that YAML has, good and bad.
fn yaml_value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-3_i64..130).prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        (0.0..1.0_f64).prop_map(|number| format!("{number:.4}")),
        "[ -~]{0,12}",
        "[a-z_]{1,8}",
        "[0-9]{2}-[0-9]{2}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        Just(".nan".to_owned()),
        Just("-.inf".to_owned()),
    ];
    prop_oneof![
        4 => scalar.clone(),
        1 => proptest::collection::vec(scalar.clone(), 0..13).prop_map(|items| format!("[{}]", items.join(", "))),
        1 => scalar.prop_map(|value| format!("{{ level: {value} }}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn no_value_of_any_key_panics_or_slips_past_the_rules(key in key(), value in yaml_value()) {
        let schema = json_schema();
        let given = Given { file: IDS, set: &[(&key, &value)], ..Given::default() };
        match given.load() {
            Ok(loaded) => {
                // Accepted settings survive a round trip through JSON: no NaN, nothing truncated.
                let text = serde_json::to_string(&loaded.settings).expect("to JSON");
                prop_assert_eq!(serde_json::from_str::<SimulationConfig>(&text).expect("from JSON"), loaded.settings);
                // The schema allows everything that loads.
                let tree = serde_json::from_str(&text).expect("JSON");
                prop_assert!(admits(&schema, &tree));
            }
            Err(ConfigError::Invalid { problems }) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    // The types never reject what the rules allow.
                    prop_assert_ne!(problem.origin, Origin::Default, "{}", problem.key);
                }
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn no_text_panics(text in "[ -~\\n]{0,80}") {
        let _ = Given { file: &text, ..Given::default() }.load();
    }

    #[test]
    fn no_edit_of_the_default_file_panics(at in 0..DEFAULT_CONFIG.len(), text in "[ -~\\n]{0,3}", cut in 0..5_usize) {
        let end = (at + cut).min(DEFAULT_CONFIG.len());
        prop_assume!(DEFAULT_CONFIG.is_char_boundary(at) && DEFAULT_CONFIG.is_char_boundary(end));
        let changed = format!("{}{text}{}", &DEFAULT_CONFIG[..at], &DEFAULT_CONFIG[end..]);
        let _ = Given { file: &changed, ..Given::default() }.load();
    }

    #[test]
    fn it_does_not_matter_which_layers_set_different_keys(layers in proptest::collection::vec(0..4_usize, 6)) {
        const SETTINGS: [(&str, &str); 6] = [
            ("simulation.random_seed", "9"),
            ("simulation.target_growth_rate", "-0.01"),
            ("census.columns.employee_id", "Nr"),
            ("census.columns.employee_ssn", "SSN"),
            ("enrollment.auto_enrollment.opt_out_rates.age_multipliers.young", "2"),
            ("hiring.monthly_shares", "[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"),
        ];
        let at = |layer: usize| SETTINGS.iter().zip(&layers).filter(move |(_, l)| **l == layer).map(|(setting, _)| *setting);
        let nested = |layer: usize| -> String {
            // Dotted keys are unknown keys in a file, so each layer gets a tree.
            let root = at(layer).fold(serde_json::Map::new(), |mut root, (key, value)| {
                let mut tree = &mut root;
                let (parents, last) = key.rsplit_once('.').expect("nested");
                for parent in parents.split('.') {
                    let inner = tree.entry(parent).or_insert_with(|| serde_json::json!({}));
                    tree = inner.as_object_mut().expect("map");
                }
                let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
                tree.insert(last.to_owned(), value);
                root
            });
            serde_json::to_string(&root).expect("JSON")
        };
        let ids = r#"{"scenario_id":"base","plan_design_id":"standard""#;
        let file = nested(0).replacen('{', &format!("{ids}{}", if at(0).count() == 0 { "" } else { "," }), 1);
        let variables: Vec<(String, &str)> = at(2)
            .map(|(key, value)| (format!("PLANALIGN_{}", key.replace('.', "__").to_ascii_uppercase()), value))
            .collect();
        let environment: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let scenario = nested(1);
        let set: Vec<_> = at(3).collect();
        let spread = Given { file: &file, scenario: Some(&scenario), environment: &environment, set: &set };
        let together = Given { file: IDS, set: &SETTINGS, ..Given::default() };
        prop_assert_eq!(spread.settings(), together.settings());
    }
}
