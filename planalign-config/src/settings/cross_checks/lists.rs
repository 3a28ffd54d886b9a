//! Rules across the entries of a list or a map.

use std::collections::BTreeSet;

use super::Report;
use crate::settings::{PayBasis, RATED_RULES, STOPPING_RULES};

pub(super) fn check(report: &mut Report<'_>) {
    let settings = &report.loaded.settings;
    let ages = &settings.new_hire.age_distribution;
    let ranges = &settings.new_hire.job_level_compensation;
    let headers: Vec<&String> = settings.census.columns.values().collect();

    let key = "new_hire.age_distribution";
    report.expect(!ages.is_empty(), key, &[], || "at least one age".to_owned());
    report.expect(all_differ(ages.iter().map(|entry| entry.age)), key, &[], || "each age once".to_owned());

    let key = "new_hire.job_level_compensation";
    report.expect(all_differ(ranges.iter().map(|range| range.level)), key, &[], || "each level once".to_owned());
    let is_range = ranges.iter().all(|range| range.min_compensation < range.max_compensation);
    report.expect(is_range, key, &[], || "ranges whose min_compensation is below max_compensation".to_owned());

    let own: Vec<&str> = settings.validation.rules.iter().map(|rule| rule.name.as_str()).collect();
    let key = "validation.rules";
    report.expect(all_differ(&own), key, &[], || "each name once".to_owned());
    let builtin = own.iter().find(|name| RATED_RULES.contains(name) || STOPPING_RULES.contains(name));
    report.expect(builtin.is_none(), key, &[], || {
        format!("a name other than {}, a built-in rule; use validation.severity for those", builtin.unwrap_or(&""))
    });

    let stages = settings.workflow.stages.iter().map(|stage| &stage.name);
    report.expect(all_differ(stages), "workflow.stages", &[], || "each stage once".to_owned());

    report.expect(all_differ(headers), "census.columns", &[], || "a different header for each column".to_owned());
    let (basis, periods) = (settings.census.pay_basis, settings.census.pay_periods);
    let known = periods.is_none_or(|periods| [12, 24, 26, 52].contains(&periods));
    let key = "census.pay_periods";
    report.expect(known, key, &[], || "12, 24, 26, or 52".to_owned());
    report.expect(basis != PayBasis::PerPeriod || periods.is_some(), key, &["census.pay_basis"], || {
        "the number of pay periods per year, because census.pay_basis is per_period".to_owned()
    });
}

fn all_differ<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().all(|item| seen.insert(item))
}
