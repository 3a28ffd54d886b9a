//! Which known key did someone mean?

/// Keys less alike than this are not worth a question.
const ALIKE: f64 = 0.6;

/// The known key that is most like a given one; `None` if none is like it.
///
/// A path is compared as a whole and by its last part, so that a setting is also found if it was put in another section.
pub(crate) fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let scored = known.into_iter().map(|key| (likeness(given, key), key));
    let best = scored.fold(None, |best: Option<(f64, &str)>, next| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        _ => Some(next),
    });
    best.filter(|(score, _)| *score >= ALIKE).map(|(_, key)| key)
}

fn likeness(given: &str, known: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(given, known);
    let last = strsim::normalized_damerau_levenshtein(last(given), last(known));
    // The section decides between settings of one name.
    whole.max(0.8 * last + 0.2 * whole)
}

fn last(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, known: &[&str], expect: Option<&str>) {
        assert_eq!(nearest(given, known.iter().copied()), expect, "{given}");
    }

    #[test]
    fn the_likest_key_is_found_across_sections() {
        let known =
            ["simulation.start_year", "simulation.end_year", "plan_eligibility.minimum_age", "a.enabled", "b.enabled"];
        check("simulation.strat_year", &known, Some("simulation.start_year"));
        check("simulation.last_year", &known, Some("simulation.start_year"));
        check("eligibility.minimum_age", &known, Some("plan_eligibility.minimum_age"));
        check("b.enabeld", &known, Some("b.enabled"));
        check("storage.max_runs", &known, None);
        check("", &known, None);
        check("anything", &[], None);
    }
}
