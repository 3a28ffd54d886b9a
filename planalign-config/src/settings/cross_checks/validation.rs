//! Thresholds that limit each other.

use super::Report;

pub(super) fn check(report: &mut Report<'_>) {
    let settings = &report.loaded.settings.validation;
    let (pay, ratio) = (&settings.compensation_reasonableness, &settings.hire_termination_ratio);
    let (minimum, maximum) = (f64::from(pay.minimum_compensation), f64::from(pay.maximum_compensation));
    above(report, "compensation_reasonableness", "compensation", minimum, maximum);
    above(report, "hire_termination_ratio", "ratio", ratio.minimum_ratio, ratio.maximum_ratio);
}

fn above(report: &mut Report<'_>, rule: &str, what: &str, minimum: f64, maximum: f64) {
    let key = |bound: &str| format!("validation.{rule}.{bound}_{what}");
    report.expect(minimum < maximum, &key("maximum"), &[&key("minimum")], || {
        format!("more than {minimum} ({})", key("minimum"))
    });
}
