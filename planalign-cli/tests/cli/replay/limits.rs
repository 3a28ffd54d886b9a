//! The limits of the tax code, as published and as projected.

use super::settings::Rate;

/// In cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) deferrals: i128,
    pub(super) catch_up: i128,
    pub(super) super_catch_up: i128,
    pub(super) compensation: i128,
    pub(super) annual_additions: i128,
    /// Prior-year pay above which catch-up contributions must be Roth; none before 2026.
    pub(super) roth_threshold: Option<i128>,
}

const LAST_PUBLISHED: i16 = 2026;

pub(super) fn limits(year: i16, index: Rate) -> Limits {
    match year {
        2024 => in_dollars([23_000, 7_500, 7_500, 345_000, 69_000], None),
        2025 => in_dollars([23_500, 7_500, 11_250, 350_000, 70_000], None),
        2026 => in_dollars([24_500, 8_000, 11_250, 360_000, 72_000], Some(150_000)),
        later => {
            let years = u32::try_from(later - LAST_PUBLISHED).expect("a year after 2026");
            let projected = |dollars: i128, step: i128| {
                let (grown, one) = ((1_000_000 + index.0).pow(years), 1_000_000_i128.pow(years));
                dollars + dollars * (grown - one) / (one * step) * step
            };
            let amounts = [(24_500, 500), (8_000, 500), (11_250, 500), (360_000, 5_000), (72_000, 1_000)];
            in_dollars(amounts.map(|(dollars, step)| projected(dollars, step)), Some(projected(150_000, 5_000)))
        }
    }
}

fn in_dollars(amounts: [i128; 5], roth_threshold: Option<i128>) -> Limits {
    let [deferrals, catch_up, super_catch_up, compensation, annual_additions] = amounts.map(|dollars| dollars * 100);
    let roth_threshold = roth_threshold.map(|dollars| dollars * 100);
    Limits { deferrals, catch_up, super_catch_up, compensation, annual_additions, roth_threshold }
}

#[test]
fn projections_are_rounded_down_to_the_step() {
    assert_eq!(limits(2028, Rate(25_000)).deferrals, 2_550_000);
    assert_eq!(limits(2027, Rate(25_000)).roth_threshold, Some(15_000_000));
    assert_eq!(limits(2029, Rate(0)), limits(2026, Rate(0)));
}
