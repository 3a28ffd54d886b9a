//! Thresholds that constrain each other.

use super::Report;

pub(super) fn check(report: &mut Report<'_>) {
    let settings = &report.loaded.settings.validation;
    let (pay, ratio) = (&settings.compensation_reasonableness, &settings.hire_termination_ratio);
    let is_above = pay.minimum_compensation < pay.maximum_compensation;
    above(report, "compensation_reasonableness", "compensation", is_above, &pay.minimum_compensation.to_string());
    let is_above = ratio.minimum_ratio < ratio.maximum_ratio;
    above(report, "hire_termination_ratio", "ratio", is_above, &ratio.minimum_ratio.shortest());
}

fn above(report: &mut Report<'_>, rule: &str, what: &str, is_above: bool, minimum: &str) {
    let key = |bound: &str| format!("validation.{rule}.{bound}_{what}");
    report
        .expect(is_above, &key("maximum"), &[&key("minimum")], || format!("more than {minimum} ({})", key("minimum")));
}
