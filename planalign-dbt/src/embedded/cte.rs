//! Inserts ephemeral models into a statement as common table expressions.

/// Prepends `ctes`, pairs of name and query, to the statement's own.
pub(crate) fn inject(sql: &str, ctes: &[(String, String)]) -> String {
    if ctes.is_empty() {
        return sql.to_owned();
    }
    let chain: Vec<_> = ctes.iter().map(|(name, query)| format!("{name} as (\n{query}\n)")).collect();
    let chain = chain.join(", ");
    let start = first_word(sql);
    let rest = &sql[start..];
    match rest.get(..4) {
        Some(with) if with.eq_ignore_ascii_case("with") && !rest[4..].starts_with(is_word) => {
            let mut at = start + 4;
            let next = at + first_word(&sql[at..]);
            if sql[next..].get(..9).is_some_and(|w| w.eq_ignore_ascii_case("recursive")) {
                at = next + 9;
            }
            format!("{} {chain},{}", &sql[..at], &sql[at..])
        }
        _ => format!("{}with {chain}\n{rest}", &sql[..start]),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The start of the first word, after whitespace and comments.
fn first_word(sql: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &sql[at..];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let skipped = if trimmed.starts_with("--") {
            trimmed.find('\n')
        } else if trimmed.starts_with("/*") {
            trimmed.find("*/").map(|end| end + 2)
        } else {
            return at;
        };
        match skipped {
            Some(length) => at += length,
            None => return sql.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &str) {
        let ctes = [("a".to_owned(), "select 1".to_owned()), ("b".to_owned(), "from a".to_owned())];
        assert_eq!(inject(sql, &ctes), expected);
        assert_eq!(inject(sql, &[]), sql);
    }

    #[test]
    fn the_chain_is_inserted_before_existing_ctes() {
        let chain = "a as (\nselect 1\n), b as (\nfrom a\n)";
        check("select * from b", &format!("with {chain}\nselect * from b"));
        check("-- with\nWITH c as (from b) from c", &format!("-- with\nWITH {chain}, c as (from b) from c"));
        check(
            "/* x */ with recursive c as (from b) from c",
            &format!("/* x */ with recursive {chain}, c as (from b) from c"),
        );
        check("from without", &format!("with {chain}\nfrom without"));
        check("-- only a comment", &format!("-- only a commentwith {chain}\n"));
    }
}
