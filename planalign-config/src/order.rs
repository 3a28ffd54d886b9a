//! Topological order.

use std::collections::BTreeSet;

/// Sorts items so that each comes after its dependencies. Returns them with the items that can't be placed because they are in
/// a cycle or depend on one. Among several candidates, the first one given comes first. Dependencies that don't exist are
/// ignored.
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
    fn items_come_after_their_dependencies_and_otherwise_keep_their_order() {
        check(&[("a", &["b", "z"]), ("z", &[]), ("b", &[]), ("c", &["z"])], &["z", "b", "a", "c"], &[]);
        check(&[("a", &["elsewhere"])], &["a"], &[]);
        check(&[], &[], &[]);
    }

    #[test]
    fn items_in_or_after_a_cycle_are_not_ordered() {
        check(&[("a", &["b"]), ("b", &["a"]), ("c", &["a"]), ("d", &[])], &["d"], &["a", "b", "c"]);
        check(&[("a", &["a"])], &[], &["a"]);
    }
}
