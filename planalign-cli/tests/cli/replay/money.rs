//! Integer arithmetic.

/// A quotient of nonnegative integers; halves are rounded up.
pub(super) fn rounded(numerator: i128, denominator: i128) -> i128 {
    assert!(numerator >= 0 && denominator > 0, "{numerator} / {denominator}");
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    whole + i128::from(2 * rest >= denominator)
}

/// An amount times a rate in millionths.
pub(super) fn share(amount: i128, millionths: i128) -> i128 {
    rounded(amount * millionths, 1_000_000)
}

#[test]
fn halves_are_rounded_up() {
    assert_eq!([rounded(5, 2), rounded(249, 100), rounded(250, 100), rounded(7, 1)], [3, 2, 3, 7]);
}
