//! What a rendered query names, to find tables that it reads without `ref`.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Match, MatchKind};
use regex::Regex;

use crate::embedded::jinja::relation::Relation;

/// Comments, texts, quoted names, words, and other characters.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let token = r#"(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|\S"#;
    Regex::new(token).expect("a valid pattern")
});

/// The tables of a stage, to find those that a query of a worker reads.
pub(super) struct StageTables<'p> {
    tables: Vec<&'p Relation>,
    /// What the query should read instead of each.
    shown: Vec<String>,
    /// The names of the tables, to find them quickly.
    names: Option<AhoCorasick>,
}

/// What a query does that only the stage's connection can do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StageUse {
    /// Reads this table without `ref`.
    Table(String),
    /// Advances a sequence.
    Sequence,
}

/// A place where a query reads what is shown instead of a table.
pub(super) struct Read {
    /// Position of the table among those of the stage.
    pub(super) table: usize,
    /// Where what is shown is named.
    pub(super) at: Range<usize>,
}

const NEXT_VALUE: &str = "nextval";

impl<'p> StageTables<'p> {
    /// Of pairs of tables and what is shown instead of them.
    pub(super) fn new(pairs: impl Iterator<Item = (&'p Relation, &'p Relation)>) -> Self {
        let (tables, shown): (Vec<_>, Vec<_>) = pairs.map(|(table, shown)| (table, shown.to_string())).unzip();
        let names = tables.iter().map(|table| table.identifier()).chain([NEXT_VALUE]);
        // Other letters may have an upper case of another length.
        let names = if names.clone().all(str::is_ascii) {
            let kind = MatchKind::LeftmostLongest;
            AhoCorasick::builder().ascii_case_insensitive(true).match_kind(kind).build(names).ok()
        } else {
            None
        };
        Self { tables, shown, names }
    }

    /// Where a query reads what is shown instead of tables; `None` if it names anything else that may be a table of the stage.
    pub(super) fn reads(&self, sql: &str) -> Option<Vec<Read>> {
        let read = |found: Match| {
            let table = found.pattern().as_usize();
            let (shown, name) = (self.shown.get(table)?, self.tables.get(table)?.identifier());
            // The name and a quote are at the end.
            let start = found.start().checked_sub(shown.len().checked_sub(name.len() + 1)?)?;
            let at = start..start + shown.len();
            (sql.get(at.clone()) == Some(shown)).then_some(Read { table, at })
        };
        self.names.as_ref()?.find_iter(sql).map(read).collect()
    }

    /// What a query does that only the stage's connection can do.
    pub(super) fn stage_use(&self, sql: &str) -> Option<StageUse> {
        let names = Names::of(sql);
        let table = self.tables.iter().find(|table| names.reads(table));
        let table = table.map(|table| StageUse::Table(table.identifier().to_owned()));
        table.or_else(|| names.calls(NEXT_VALUE).then_some(StageUse::Sequence))
    }
}

/// The tokens of a query in lower case, without comments and quotes around names.
struct Names {
    tokens: Vec<String>,
}

impl Names {
    fn of(sql: &str) -> Self {
        let is_code = |token: &&str| !token.starts_with("--") && !token.starts_with("/*");
        let name = |token: &str| match token.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(name) => name.replace("\"\"", "\""),
            None => token.to_owned(),
        };
        let tokens = TOKEN.find_iter(sql).map(|found| found.as_str()).filter(is_code);
        Self { tokens: tokens.map(|token| name(token).to_lowercase()).collect() }
    }

    /// Whether a function of this name may be called.
    fn calls(&self, function: &str) -> bool {
        self.tokens.windows(2).any(|pair| pair[0] == function && pair[1] == "(")
    }

    /// Whether a table may be read.
    fn reads(&self, table: &Relation) -> bool {
        let part = |part: &Option<String>| part.as_deref().unwrap_or_default().to_lowercase();
        let [database, schema, name] = [&table.database, &table.schema, &table.identifier].map(part);
        let is_cte = |at: usize| self.text(at + 1) == "as" && ["(", "materialized", "not"].contains(&self.text(at + 2));
        let found: Vec<usize> = (0..self.tokens.len()).filter(|at| self.tokens[*at] == name).collect();
        let has_cte = found.iter().any(|at| is_cte(*at));
        found.into_iter().any(|at| match (self.before(at, 1), self.before(at, 2)) {
            (".", qualifier) if qualifier == schema => self.before(at, 3) != "." || self.before(at, 4) == database,
            (".", qualifier) => qualifier == database && self.before(at, 3) != ".",
            ("from" | "join" | "," | "(", _) => !has_cte,
            _ => false,
        }) || self.tokens.contains(&format!("'{name}'"))
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", String::as_str)
    }

    fn before(&self, at: usize, steps: usize) -> &str {
        at.checked_sub(steps).map_or("", |at| self.text(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, reads: bool) {
        let table = Relation::new("file", "main", "Orders");
        assert_eq!(Names::of(sql).reads(&table), reads, "{sql}");
    }

    #[test]
    fn a_table_is_found_however_it_is_named() {
        for sql in [
            "select * from orders",
            "FROM Orders",
            "from a join \"orders\" using (id)",
            "from a, main.orders",
            "from \"file\".\"main\".\"orders\"",
            "from file . orders",
            "with orders as (select * from main.orders) from orders",
            "from query_table('orders')",
            "from (orders)",
        ] {
            check(sql, true);
        }
    }

    #[test]
    fn the_same_word_with_another_meaning_is_not_a_table() {
        for sql in [
            "from other.orders",
            "from \"planalign worker 1\".\"main\".\"orders\"",
            "with orders as (select 1) select * from orders",
            "with orders as materialized (select 1) from orders",
            "select 1 as orders from a",
            "select a.orders -- from orders\nfrom a /* from orders */",
            "select 'from orders'",
            "from new_orders",
        ] {
            check(sql, false);
        }
    }

    #[test]
    fn tables_that_workers_read_instead_are_found() {
        let relation = |database: &str, name: &str| Relation::new(database, "main", name);
        let tables = [relation("file", "orders"), relation("file", "orders_paid")];
        let shown = [relation("worker 0", "orders"), relation("worker 1", "orders_paid")];
        let stage = StageTables::new(tables.iter().zip(&shown));
        let reads = |sql: &str| {
            let reads = stage.reads(sql)?;
            Some(reads.into_iter().map(|read| (read.table, sql[read.at].to_owned())).collect::<Vec<_>>())
        };
        let [orders, paid] = shown.each_ref().map(ToString::to_string);
        assert_eq!(reads("select 1 from other"), Some(vec![]));
        assert_eq!(reads(&format!("from {paid}, {orders}")), Some(vec![(1, paid.clone()), (0, orders.clone())]));
        for unclear in [
            format!("from {orders} as orders"),
            paid.to_uppercase(),
            "from orders".to_owned(),
            tables[1].to_string(),
            "select nextval('s')".to_owned(),
        ] {
            assert_eq!(reads(&unclear), None, "{unclear}");
        }
        assert_eq!(stage.stage_use(&format!("from {orders} as orders")), None);
        assert_eq!(stage.stage_use("from a, Orders_Paid"), Some(StageUse::Table("orders_paid".to_owned())));
        assert_eq!(stage.stage_use("select NextVal('s')"), Some(StageUse::Sequence));
    }

    #[test]
    fn a_function_is_found_where_it_is_called() {
        assert!(Names::of("select NextVal ('s')").calls("nextval"));
        assert!(!Names::of("select nextval, 'nextval('").calls("nextval"));
    }
}
