//! The probability that a person enrolls or opts out, by the documented defaults of the segments.

use super::person::Window;
use super::settings::Settings;

/// Where the income segments after the first begin, in cents.
pub(super) const INCOMES: [i128; 3] = [5_000_000, 10_000_000, 20_000_000];

/// Probabilities and multipliers in millionths, one per segment of ages, incomes, or levels.
const BY_AGE: [i128; 4] = [300_000, 550_000, 700_000, 800_000];
const BY_INCOME: [i128; 4] = [700_000, 1_000_000, 1_150_000, 1_250_000];
const BY_LEVEL: [i128; 4] = [900_000, 1_000_000, 1_100_000, 1_200_000];
const OPT_OUT_BY_AGE: [i128; 4] = [1_800_000, 1_100_000, 700_000, 400_000];
const OPT_OUT_BY_INCOME: [i128; 4] = [1_300_000, 1_000_000, 800_000, 500_000];

/// The segment of a value, from 0.
pub(super) fn segment(value: i128, bounds: [i128; 3]) -> usize {
    bounds.iter().filter(|bound| value >= **bound).count()
}

pub(super) fn of_enrolling(window: Window, settings: &Settings) -> i128 {
    let scale = settings.enrollment.voluntary_enrollment.voluntary_enrollment_rate.0;
    let (income, level) = (segment(window.pay, INCOMES), segment(window.level, [3, 5, 7]));
    product(BY_AGE[segment(window.age, [31, 46, 56])], &[BY_INCOME[income], BY_LEVEL[level], scale])
}

pub(super) fn of_opting_out(window: Window, settings: &Settings) -> i128 {
    let target = settings.enrollment.auto_enrollment.opt_out_rates.target.0;
    let (age, income) = (segment(window.age, [30, 45, 60]), segment(window.pay, INCOMES));
    product(target, &[OPT_OUT_BY_AGE[age], OPT_OUT_BY_INCOME[income]])
}

/// Truncated to a millionth after each step, and at most 1.
fn product(probability: i128, multipliers: &[i128]) -> i128 {
    multipliers.iter().fold(probability, |product, multiplier| product * multiplier / 1_000_000).min(1_000_000)
}
