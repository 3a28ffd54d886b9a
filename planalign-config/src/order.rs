//! The order of things that depend on each other.

use std::collections::BTreeSet;

/// The things such that each comes after those that it depends on, and those for which there is no such place: they depend on
/// each other in a cycle, or on one that does. Among several that could come next, the first one given does. What a thing depends on
/// and is not there is no matter.
pub fn topological_order<'t, T>(
    things: impl IntoIterator<Item = &'t T>,
    name: impl Fn(&'t T) -> &'t str,
    depends_on: impl Fn(&'t T) -> &'t [String],
) -> (Vec<&'t T>, Vec<&'t T>) {
    let mut waiting: Vec<&T> = things.into_iter().collect();
    let mut unsettled: BTreeSet<&str> = waiting.iter().map(|thing| name(thing)).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while let Some(next) = waiting.iter().position(|t| depends_on(t).iter().all(|d| !unsettled.contains(d.as_str()))) {
        let thing = waiting.remove(next);
        unsettled.remove(name(thing));
        ordered.push(thing);
    }
    (ordered, waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(things: &[(&str, &[&str])], ordered: &[&str], cyclic: &[&str]) {
        let things: Vec<(String, Vec<String>)> = things
            .iter()
            .map(|(name, on)| ((*name).to_owned(), on.iter().map(|d| (*d).to_owned()).collect()))
            .collect();
        let (order, rest) = topological_order(&things, |thing| &thing.0, |thing| &thing.1);
        let names = |things: Vec<&(String, Vec<String>)>| things.into_iter().map(|t| t.0.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(order), names(rest)),
            (ordered.iter().map(ToString::to_string).collect(), cyclic.iter().map(ToString::to_string).collect())
        );
    }

    #[test]
    fn each_comes_after_those_it_depends_on_and_otherwise_as_given() {
        check(&[("a", &["b", "z"]), ("z", &[]), ("b", &[]), ("c", &["z"])], &["z", "b", "a", "c"], &[]);
        check(&[("a", &["elsewhere"])], &["a"], &[]);
        check(&[], &[], &[]);
    }

    #[test]
    fn what_is_in_a_cycle_or_behind_one_has_no_place() {
        check(&[("a", &["b"]), ("b", &["a"]), ("c", &["a"]), ("d", &[])], &["d"], &["a", "b", "c"]);
        check(&[("a", &["a"])], &[], &["a"]);
    }
}
