//! Suggestions for misspelled names.

/// Names less similar than this aren't suggested.
const ALIKE: f64 = 0.6;

/// Similarity of names that differ by one letter.
const ONE_LETTER: f64 = 0.8;

/// Similarity of a name and one that contains it, such as `seed` and `random_seed`.
const PART: f64 = 0.7;

/// Returns the known name most similar to a given one; `None` if none is similar.
#[must_use]
pub fn nearest<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let scored = known.into_iter().map(|name| (likeness(given, name), name));
    let alike = scored.filter(|(score, _)| *score >= ALIKE);
    alike.max_by(|(a, first), (b, second)| a.total_cmp(b).then_with(|| second.cmp(first))).map(|(_, name)| name)
}

/// Returns a suggestion for the end of a message, "; did you mean `start_year`?", or an empty string if no name is similar.
#[must_use]
pub fn did_you_mean<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(given, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn likeness(given: &str, known: &str) -> f64 {
    let letters = match strsim::damerau_levenshtein(given, known) {
        // One letter, even in short names.
        1 if given.len().max(known.len()) > 1 => ONE_LETTER,
        _ => strsim::normalized_damerau_levenshtein(given, known),
    };
    let is_part = has_words(known, given) || has_words(given, known);
    if is_part { letters.max(PART) } else { letters }
}

/// Whether `whole` contains the words of `part` in this order, separated by `_`.
fn has_words(whole: &str, part: &str) -> bool {
    !part.is_empty() && format!("_{whole}_").contains(&format!("_{part}_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, known: &[&str], expect: Option<&str>) {
        assert_eq!(nearest(given, known.iter().copied()), expect, "{given}");
    }

    #[test]
    fn the_most_similar_name_is_found() {
        let known = ["start_year", "end_year", "random_seed", "plan_eligibility"];
        check("strat_year", &known, Some("start_year"));
        check("end_yaer", &known, Some("end_year"));
        check("seed", &known, Some("random_seed"));
        check("eligibility", &known, Some("plan_eligibility"));
        check("the_end_year", &known, Some("end_year"));
        check("max_runs", &known, None);
        check("see", &known, None);
        check("", &known, None);
        check("bb", &["b", "c"], Some("b"));
        check("z", &["s"], None);
        check("anything", &[], None);
    }

    #[test]
    fn only_similar_names_are_suggested() {
        assert_eq!(did_you_mean("end_yaer", ["end_year"]), "; did you mean `end_year`?");
        assert_eq!(did_you_mean("max_runs", ["end_year"]), "");
    }

    #[test]
    fn among_equally_similar_names_the_first_alphabetically_wins() {
        check("axb", &["acb", "aab"], Some("aab"));
    }
}
