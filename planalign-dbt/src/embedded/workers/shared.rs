//! Which models workers can build, and what other models see of them meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use planalign_config::sql;
use serde_json::Value as Json;

use super::names::{Read, StageTables, StageUse};
use crate::embedded::catalog::Column;
use crate::embedded::failures::Place;
use crate::embedded::jinja::context::lock;
use crate::embedded::jinja::phase::Relations;
use crate::embedded::jinja::relation::Relation;
use crate::embedded::project::{Body, Node};
use crate::embedded::run::{EmbeddedRunner, Rendered, Session};
use crate::embedded::supported;
use crate::runner::{Materialization, RunnerError};

/// Names with which a template reads or changes the state of the stage's connection.
const OF_THE_STAGE: [&str; 10] = [
    "this",
    "run_query",
    "statement",
    "load_result",
    "load_relation",
    "load_cached_relation",
    "adapter",
    "api",
    "graph",
    "modules",
];

/// How a node is built beside others.
#[derive(Debug)]
pub(super) struct Served {
    /// Positions of the nodes that it depends on.
    pub(super) after: Vec<usize>,
    /// Whether others that workers may be able to build depend on it.
    pub(super) is_read: bool,
    /// Where a worker puts its new rows if others stay in its table.
    pub(super) rows: Relation,
    /// What others read instead of its table.
    pub(super) shown: Relation,
    /// Why only the stage's connection can build it, as far as is known before its template is rendered.
    pub(super) in_order: Option<String>,
}

impl EmbeddedRunner {
    /// How each of these nodes is built. Each comes after its dependencies.
    pub(super) fn served(&self, nodes: &[&Node]) -> Vec<Served> {
        let places: BTreeMap<&str, usize> =
            nodes.iter().enumerate().map(|(at, node)| (node.subject.name.as_str(), at)).collect();
        let parents: Vec<BTreeMap<usize, Option<&str>>> =
            nodes.iter().map(|node| self.parents_among(node, &places)).collect();
        let in_order: Vec<Option<String>> =
            nodes.iter().zip(&parents).map(|(node, parents)| self.in_order_reason(node, parents)).collect();
        let is_read = |at: usize| {
            in_order.iter().zip(&parents).any(|(reason, parents)| reason.is_none() && parents.contains_key(&at))
        };
        let served = |(at, node): (usize, &&Node)| {
            let in_memory = |name: String| Relation {
                database: Some(database_of(at)),
                identifier: Some(name),
                ..node.relation().clone()
            };
            let identifier = node.relation().identifier();
            Served {
                after: parents[at].keys().copied().collect(),
                is_read: is_read(at),
                rows: in_memory(format!("{identifier} new rows")),
                shown: in_memory(identifier.to_owned()),
                in_order: in_order[at].clone(),
            }
        };
        nodes.iter().enumerate().map(served).collect()
    }

    /// Which of these nodes only the stage's connection can build, and why.
    pub(in crate::embedded) fn declined(
        &self,
        nodes: &[&Node],
        mut session: Session,
    ) -> Result<Vec<(String, String)>, RunnerError> {
        let plan = self.served(nodes);
        let tables = stage_tables(nodes, &plan);
        session.relations = relations(nodes, &plan, &session);
        let mut found: BTreeMap<usize, String> = BTreeMap::new();
        for (at, (node, served)) in nodes.iter().zip(&plan).enumerate() {
            let parent = served.after.iter().find(|parent| found.contains_key(parent));
            let reason = match (&served.in_order, parent) {
                (Some(reason), _) => Some(reason.clone()),
                (None, Some(parent)) => Some(format!("reads {}", nodes[*parent].subject.name)),
                (None, None) => self.for_a_worker(node, &self.render_node(node, &session)?, served, &tables)?.err(),
            };
            found.extend(reason.map(|reason| (at, reason)));
        }
        Ok(found.into_iter().map(|(at, reason)| (nodes[at].subject.name.clone(), reason)).collect())
    }

    /// Which of the nodes at `places` a node reads, directly, through ephemeral models, or through a view that isn't among them.
    fn parents_among<'p>(&'p self, node: &'p Node, places: &BTreeMap<&str, usize>) -> BTreeMap<usize, Option<&'p str>> {
        let mut found: BTreeMap<usize, Option<&str>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<(&Node, Option<&str>)> = vec![(node, None)];
        while let Some((reader, view)) = open.pop() {
            for name in &reader.declared.record.refs {
                let Some(parent) = self.project.nodes.get(name) else { continue };
                match (places.get(name.as_str()), parent.materialization) {
                    (_, Materialization::Ephemeral) if seen.insert((name, view)) => open.push((parent, view)),
                    (Some(at), _) => {
                        _ = found.entry(*at).and_modify(|known| *known = (*known).or(view)).or_insert(view);
                    }
                    (None, Materialization::View) if seen.insert((name, view)) => {
                        open.push((parent, view.or(Some(name))));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// Why only the stage's connection can build a node that reads `parents`, as far as its source shows.
    fn in_order_reason(&self, node: &Node, parents: &BTreeMap<usize, Option<&str>>) -> Option<String> {
        if let Some(view) = parents.values().flatten().next() {
            return Some(format!("reads models of its stage through the view {view}"));
        }
        let config = &node.subject.config;
        if !matches!(node.materialization, Materialization::Table | Materialization::Incremental) {
            let kind = match node.materialization {
                Materialization::View => "a view",
                Materialization::Seed => "a seed",
                _ => "ephemeral",
            };
            return Some(format!("is {kind}"));
        }
        if !config.texts("post_hook").is_empty() {
            return Some("has a post-hook".to_owned());
        }
        let name = node.stage_name.get_or_init(|| self.stage_name(node));
        name.as_ref().map(|name| format!("uses `{name}`"))
    }

    fn stage_name(&self, node: &Node) -> Option<String> {
        let chain = node.ephemerals.iter().filter_map(|name| self.project.nodes.get(name)).chain([node]);
        let bodies = chain.filter_map(|node| match &node.body {
            Body::Sql { uses, hook_uses, .. } => Some((uses, hook_uses)),
            Body::Csv { .. } => None,
        });
        let mut names = bodies.flat_map(|(uses, hook_uses)| {
            // A hook may delete from the node's table.
            let of_hooks = self.of_the_stage(hook_uses).filter(|name| name != "this");
            self.of_the_stage(uses).chain(of_hooks)
        });
        names.next()
    }

    /// Which of these names, or of those that their macros use, are of the stage's connection.
    fn of_the_stage(&self, names: &BTreeSet<String>) -> impl Iterator<Item = String> + use<> {
        let reached = self.project.world.macros.reachable(names);
        let reached = names.iter().chain(reached.values().flat_map(|source| &source.uses));
        let found: BTreeSet<String> = reached.filter(|name| OF_THE_STAGE.contains(&name.as_str())).cloned().collect();
        found.into_iter()
    }

    /// How a worker builds a rendered node; the inner error is the reason why only the stage's connection can.
    pub(super) fn for_a_worker(
        &self,
        node: &Node,
        rendered: &Rendered,
        served: &Served,
        tables: &StageTables<'_>,
    ) -> Result<Result<ForWorker, String>, RunnerError> {
        let place = Place::of(&node.subject);
        let config = self.current_config(node, &rendered.context, place)?;
        let is_replaced_by_key =
            config.get("unique_key").is_some() && config.text("incremental_strategy") != Some("append");
        if served.is_read && is_replaced_by_key {
            return Ok(Err("replaces rows by a key, and others of its stage read it".to_owned()));
        }
        let reads = tables.reads(&rendered.sql);
        if reads.is_none() {
            match tables.stage_use(&rendered.sql) {
                Some(StageUse::Table(name)) => return Ok(Err(format!("reads {name} without `ref`"))),
                Some(StageUse::Sequence) => return Ok(Err("uses a sequence".to_owned())),
                None => {}
            }
        }
        let mut replaced = Vec::new();
        for hook in config.get("pre_hook").and_then(Json::as_array).into_iter().flatten() {
            let text = self.render_hook(supported::hook_sql(hook, place)?, &rendered.context, place)?;
            if let Some(guard) = &self.guard {
                guard.require_hook(&text, node.relation(), place, &self.database)?;
            }
            let text = text.trim().trim_end_matches(';').trim();
            match condition_of(text, node.relation()) {
                Some(condition) => replaced.push(condition.to_owned()),
                None if text.is_empty() => {}
                None => return Ok(Err("has a pre-hook that does more than delete its own rows".to_owned())),
            }
        }
        Ok(Ok(ForWorker { replaced, reads }))
    }
}

/// How a worker builds a node.
pub(super) struct ForWorker {
    /// Conditions on rows of its table that don't stay there.
    pub(super) replaced: Vec<String>,
    /// What it reads of its stage; `None` if that can't be told from its text.
    pub(super) reads: Option<Vec<Read>>,
}

/// The condition on the rows that a hook deletes from a table, or says that the table has none of.
pub(in crate::embedded) fn condition_of<'h>(hook: &'h str, table: &Relation) -> Option<&'h str> {
    let deleted =
        hook.strip_prefix(&format!("delete from {table} where ")).filter(|condition| !condition.contains(';'));
    let none =
        || hook.strip_prefix(&format!("-- {table} has no rows where ")).filter(|condition| !condition.contains('\n'));
    deleted.or_else(none)
}

/// The tables of nodes, to find those that a query reads.
pub(super) fn stage_tables<'p>(nodes: &[&'p Node], plan: &'p [Served]) -> StageTables<'p> {
    StageTables::new(nodes.iter().zip(plan).map(|(node, served)| (node.relation(), &served.shown)))
}

/// The relations that workers read: models that workers built instead of the tables that these will be in.
pub(super) fn relations(nodes: &[&Node], plan: &[Served], session: &Session) -> Arc<Relations> {
    let mut relations = (*session.relations).clone();
    let on_workers = nodes.iter().zip(plan).filter(|(_, served)| served.in_order.is_none());
    relations.nodes.extend(on_workers.map(|(node, served)| (node.subject.name.clone(), served.shown.clone())));
    Arc::new(relations)
}

/// The database in memory in which a worker builds the node at this position.
pub(in crate::embedded) fn database_of(at: usize) -> String {
    format!("planalign worker {at}")
}

/// What others read of a model before its rows are in its table.
pub(super) struct Shown {
    /// The new rows, with the columns of the table, if other rows stay in it.
    rows: Option<Relation>,
    /// Conditions on rows that don't stay in it.
    replaced: Vec<String>,
    /// Creates the view of both, unless it has been created.
    view: Mutex<Option<String>>,
}

impl Shown {
    /// The table has only the new rows, which are in what is shown.
    pub(super) fn all() -> Self {
        Self { rows: None, replaced: Vec::new(), view: Mutex::default() }
    }

    /// Rows stay in `table`.
    pub(super) fn added(served: &Served, table: &Relation, replaced: Vec<String>) -> Self {
        let any: Vec<String> = replaced.iter().map(|condition| format!("({condition})")).collect();
        let kept = if any.is_empty() { String::new() } else { format!(" where ({}) is not true", any.join(" or ")) };
        let Served { rows, shown, .. } = served;
        // An interrupted statement may have created it.
        let view = format!("create or replace view {shown} as from {table}{kept} union all from {rows}");
        Self { rows: Some(rows.clone()), replaced, view: Mutex::new(Some(view)) }
    }

    /// What a query may read instead of the view at this place, because it reads only new rows there.
    pub(super) fn new_rows(&self, sql: &str, at: &Range<usize>, name: &str) -> Option<String> {
        let rows = self.rows.as_ref()?;
        let is_all = self.replaced.iter().any(|condition| is_all_read(condition, &sql[..at.start], &sql[at.end..]));
        is_all.then(|| format!("{rows} as {}", sql::identifier(name)))
    }

    /// Has a statement create the view, once.
    pub(super) fn create_view<E>(&self, create: impl FnOnce(&str) -> Result<(), E>) -> Result<(), E> {
        let mut view = lock(&self.view);
        if let Some(statement) = view.as_deref() {
            create(statement)?;
            *view = None;
        }
        Ok(())
    }
}

/// Whether what stands between two texts is read in `from <table> where <condition>`, so that no other rows are read.
fn is_all_read(condition: &str, before: &str, after: &str) -> bool {
    let word =
        |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>().to_lowercase();
    let last_word: String = before.trim_end().chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let after = after.trim_start();
    if !last_word.eq_ignore_ascii_case("morf") || word(after) != "where" {
        return false;
    }
    let Some(rest) = after["where".len()..].trim_start().strip_prefix(condition) else { return false };
    let rest = rest.trim_start();
    match word(rest).as_str() {
        "" => rest.is_empty() || rest.starts_with(')'),
        "and" => !has_alternative(condition) && !has_alternative(rest),
        next => CLAUSES.contains(&next),
    }
}

/// Words that may follow the condition of a query.
const CLAUSES: [&str; 4] = ["group", "order", "union", "limit"];

/// Whether there is an `or` in the condition with which a text begins, outside of parentheses; also if that is hard to tell.
fn has_alternative(text: &str) -> bool {
    let mut depth = 0_u32;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_in_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            '\'' | '"' => match rest[1..].find(first) {
                Some(quote) => quote + 2,
                None => return true,
            },
            '-' | '/' if rest.starts_with("--") || rest.starts_with("/*") => return true,
            ')' if depth == 0 => return false,
            first if is_in_word(first) => rest.find(|c| !is_in_word(c)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        match rest[..end].to_lowercase().as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            "or" if depth == 0 => return true,
            word if depth == 0 && CLAUSES.contains(&word) => return false,
            _ => {}
        }
        rest = &rest[end..];
    }
    false
}

/// The columns of a query with the types of a table's.
pub(super) fn as_columns(columns: &[Column]) -> String {
    let column = |Column { name, data_type }: &Column| {
        let name = sql::identifier(name);
        format!("{name}::{data_type} as {name}")
    };
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_conditions_are_no_alternatives() {
        let is_all = |after: &str| is_all_read("a = 'or' and b", "from ", after);
        for after in [
            " where a = 'or' and b and c",
            " where a = 'or' and b\n  and (c or d) and e > 'x or '' y') or f",
            " where a = 'or' and b and \"or\" = 1 group by 1 having c or d",
        ] {
            assert!(is_all(after), "{after}");
        }
        for after in [
            " where a = 'or' and b and c or d",
            " where a = 'or' and b and (c) OR d",
            " where a = 'or' and b and c -- no\nor d",
            " where a = 'or' and b and c /* no */ or d",
            " where a = 'or' and b and 'open or d",
        ] {
            assert!(!is_all(after), "{after}");
        }
        assert!(!is_all_read("a or b", "from ", " where a or b and c"));
    }

    #[test]
    fn only_new_rows_are_read_where_the_whole_condition_is_exactly_the_replaced_one() {
        let is_all = |before: &str, after: &str| is_all_read("year = 2 or year = 3", before, after);
        for after in [
            " where year = 2 or year = 3",
            "\n  WHERE  year = 2 or year = 3)",
            " where year = 2 or year = 3 group by 1",
            " where year = 2 or year = 3\nunion all select 1",
        ] {
            assert!(is_all("select 1 from ", after) && is_all("(FROM\n", after), "{after}");
        }
        for (before, after) in [
            ("from ", ""),
            ("from ", " as a where year = 2 or year = 3"),
            ("from ", ", other where year = 2 or year = 3"),
            ("from ", " where year = 2 or year = 3 or true"),
            ("from ", " where year = 2 or year = 3 and a"),
            ("from ", " where year = 2 or year = 30"),
            ("from ", " where year = 2 or year = 3 is null"),
            ("from ", " where not (year = 2 or year = 3)"),
            ("from ", " wherever year = 2 or year = 3"),
            ("from a join ", " where year = 2 or year = 3"),
            ("from a, ", " where year = 2 or year = 3"),
            ("xfrom ", " where year = 2 or year = 3"),
        ] {
            assert!(!is_all(before, after), "{before}{after}");
        }
    }

    #[test]
    fn a_hook_says_which_rows_it_deletes_or_that_there_are_none() {
        let table = Relation::new("f", "main", "t");
        let condition = |hook: &'static str| condition_of(hook, &table);
        assert_eq!(condition("delete from \"f\".\"main\".\"t\" where a = 1\nor b"), Some("a = 1\nor b"));
        assert_eq!(condition("-- \"f\".\"main\".\"t\" has no rows where a = 1"), Some("a = 1"));
        for other in [
            "delete from \"f\".\"main\".\"t\"",
            "delete from \"f\".\"main\".\"t\" where a = 1; drop table b",
            "delete from \"f\".\"main\".\"u\" where a = 1",
            "-- \"f\".\"main\".\"t\" has no rows where a = 1\ndrop table b",
        ] {
            assert_eq!(condition(other), None, "{other}");
        }
    }
}
