//! Checks what a query written by a user calls and reads, before the engine runs it.
//!
//! The engine parses a query without looking at what it names. Its syntax tree then tells all functions and tables, so nothing
//! is run, bound, or opened of a query that is refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{DatabaseError, Row, Tables};

/// Table functions that only compute rows. All others read or change files, settings, or the state of the engine.
const TABLE_FUNCTIONS: [&str; 3] = ["unnest", "range", "generate_series"];

/// Functions that the engine calls consistent although they bind a query in a text, which reads the files that it names, or wait.
const NEVER: [&str; 2] = ["json_serialize_plan", "pg_sleep"];

/// Catalogs and schemas of the engine.
const OF_THE_ENGINE: [&str; 5] = ["information_schema", "pg_catalog", "system", "temp", "memory"];

/// Endings of files that the engine reads as tables.
const FILE_ENDINGS: [&str; 13] =
    ["csv", "tsv", "txt", "parquet", "json", "jsonl", "ndjson", "db", "duckdb", "xlsx", "gz", "zst", "arrow"];

const FUNCTIONS: &str =
    "select distinct function_name, function_type, stability from system.main.duckdb_functions() where internal";
/// Those in other schemas have qualified names.
const ENGINE_VIEWS: &str = "select view_name from system.main.duckdb_views()
    where internal and schema_name in ('main', 'pg_catalog')";
const RELATIONS: &str = "
    select schema_name, table_name as name, null as sql from system.main.duckdb_tables()
    where database_name = system.main.current_database()
    union all
    select schema_name, view_name, sql from system.main.duckdb_views()
    where database_name = system.main.current_database() and not internal";

/// The parts of a syntax tree that name something, with the objects and lists around them.
const TREE: &str = "
    select id, parent, key, atom->>'$' as text from json_tree(json_serialize_sql($1::varchar))
    where type in ('OBJECT', 'ARRAY') or key in (
        'type', 'function_name', 'table_name', 'schema_name', 'catalog_name', 'cte_name', 'key', 'error_type', 'error_message')
    order by id";

/// Why a query is refused, as the end of a sentence: ``calls `read_text`; ...``.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryRefusal {
    /// It has no statement.
    #[error("is empty")]
    Empty,
    /// It can't be parsed.
    #[error("is not a query: {0}")]
    Syntax(String),
    /// It is another statement.
    #[error("is not a query")]
    OtherStatement,
    /// It has several statements.
    #[error("is more than one query")]
    Several,
    /// It describes tables instead of reading them.
    #[error("shows or describes tables; select rows instead")]
    Shows,
    /// It calls a table function that doesn't only compute rows.
    #[error(
        "calls `{0}`; the only table functions allowed are unnest, range, and generate_series: read a table of the run, and load files as seeds"
    )]
    TableFunction(String),
    /// It calls a function with side effects, or whose results change.
    #[error(
        "calls `{0}`, whose result changes from call to call or which has side effects; compute with values of the tables"
    )]
    Volatile(String),
    /// It calls something that isn't a function of the engine, such as a macro in the database.
    #[error("calls `{0}`, which is not a function of the engine; write out what it computes")]
    UnknownFunction(String),
    /// It reads a file.
    #[error("reads the file `{0}`; load it as a seed of the dbt project, and read the seed")]
    File(String),
    /// It names a database.
    #[error("names a database in `{0}`; leave the database out, because only tables of the run can be read")]
    OtherDatabase(String),
    /// It reads what isn't a table or view of the database.
    #[error("reads `{0}`, which is not a table of the run; read one that the models or the program write")]
    NotOfTheRun(String),
    /// It reads a view whose query is refused.
    #[error("reads the view `{view}`, which {cause}")]
    View {
        /// The view.
        view: String,
        /// Why its query is refused.
        cause: Box<Self>,
    },
}

/// The functions and views of an engine, read once.
#[derive(Clone, Debug)]
pub struct QueryCheck {
    /// Functions that are no table functions, and whether a call may be refused.
    functions: HashMap<String, bool>,
    views: HashSet<String>,
}

/// What a query may use besides what every query may.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed<'a> {
    /// The tables and views of the database; without them, only names that can't be of a run are refused.
    pub relations: Option<&'a Relations>,
    /// Databases that names may begin with.
    pub databases: &'a [String],
    /// Table functions.
    pub table_functions: &'a [&'a str],
}

/// The tables and views of the current database.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    /// By schema and name, in lower case; views with the statement that creates them.
    by_name: BTreeMap<(String, String), Option<String>>,
}

impl Relations {
    /// Reads the catalog.
    pub fn read(tables: &dyn Tables) -> Result<Self, DatabaseError> {
        let mut by_name = BTreeMap::new();
        for row in tables.query(RELATIONS, &[])?.rows {
            let name = |column| row.text(column).map(|name| name.unwrap_or_default().to_lowercase());
            by_name.insert((name("schema_name")?, name("name")?), row.text("sql")?);
        }
        Ok(Self { by_name })
    }
}

impl QueryCheck {
    /// Asks an engine for its functions.
    pub fn new(tables: &dyn Tables) -> Result<Self, DatabaseError> {
        let mut functions = HashMap::new();
        for row in tables.query(FUNCTIONS, &[])?.rows {
            let (Some(name), Some(kind)) = (row.text("function_name")?, row.text("function_type")?) else { continue };
            if matches!(kind.as_str(), "scalar" | "aggregate" | "macro") {
                let is_volatile =
                    row.text("stability")?.as_deref() == Some("VOLATILE") || NEVER.contains(&name.as_str());
                *functions.entry(name).or_default() |= is_volatile;
            }
        }
        let views = tables.query(ENGINE_VIEWS, &[])?.texts("view_name")?.into_iter().collect();
        Ok(Self { functions, views })
    }

    /// Returns why a text isn't a single query that only reads tables of the run; `None` if it is.
    pub fn refusal(
        &self,
        sql: &str,
        allowed: Allowed<'_>,
        tables: &dyn Tables,
    ) -> Result<Option<QueryRefusal>, DatabaseError> {
        self.refusal_in(sql, "main", allowed, tables, &mut Vec::new())
    }

    fn refusal_in(
        &self,
        sql: &str,
        schema: &str,
        allowed: Allowed<'_>,
        tables: &dyn Tables,
        views: &mut Vec<(String, String)>,
    ) -> Result<Option<QueryRefusal>, DatabaseError> {
        let tree = Tree::of(&tables.query(TREE, &[sql.into()])?.rows)?;
        if let Some(refusal) = tree.not_a_query() {
            return Ok(Some(refusal));
        }
        for (at, node) in tree.nodes.iter().enumerate() {
            let refusal = match (node.key.as_str(), node.text.as_deref()) {
                ("function_name", Some(name)) => self.function_refusal(&tree, at, name, allowed),
                ("type", Some("SHOW_REF")) => Some(QueryRefusal::Shows),
                ("type", Some("BASE_TABLE")) => {
                    let name = TableName::of(&tree, node.parent);
                    if name.is_unqualified() && tree.is_cte(at, &name.table) {
                        continue;
                    }
                    match self.table_refusal(&name, schema, allowed) {
                        Err(refusal) => Some(refusal),
                        Ok(None) => None,
                        Ok(Some(view)) => self.view_refusal(&name, &view, allowed, tables, views)?,
                    }
                }
                _ => None,
            };
            if refusal.is_some() {
                return Ok(refusal);
            }
        }
        Ok(None)
    }

    fn function_refusal(&self, tree: &Tree, at: usize, name: &str, allowed: Allowed<'_>) -> Option<QueryRefusal> {
        let called = name.to_lowercase();
        let parent = tree.nodes[at].parent;
        let is_table = tree.nodes[parent].key == "function"
            && tree.text(tree.nodes[parent].parent, "type") == Some("TABLE_FUNCTION");
        if is_table {
            let is_allowed = TABLE_FUNCTIONS.iter().chain(allowed.table_functions).any(|known| *known == called);
            return (!is_allowed).then(|| QueryRefusal::TableFunction(name.to_owned()));
        }
        // Window functions, such as `row_number`, and `unnest` are part of the grammar.
        let is_window =
            tree.text(parent, "type").is_some_and(|kind| kind.starts_with("WINDOW_") && kind != "WINDOW_AGGREGATE");
        match self.functions.get(&called) {
            _ if is_window || called == "unnest" => None,
            Some(false) => None,
            Some(true) => Some(QueryRefusal::Volatile(name.to_owned())),
            None => Some(QueryRefusal::UnknownFunction(name.to_owned())),
        }
    }

    /// Returns the schema and statement of a view, or why a table can't be read.
    fn table_refusal<'a>(
        &self,
        name: &TableName,
        schema: &str,
        allowed: Allowed<'a>,
    ) -> Result<Option<View<'a>>, QueryRefusal> {
        let shown = || name.to_string();
        if name.database.is_some() && !name.database.as_ref().is_some_and(|name| allowed.databases.contains(name)) {
            return Err(QueryRefusal::OtherDatabase(shown()));
        }
        let Some(relations) = allowed.relations else {
            let is_engine = match &name.schema {
                Some(schema) => OF_THE_ENGINE.contains(&schema.to_lowercase().as_str()),
                None => self.views.contains(&name.table.to_lowercase()),
            };
            return match () {
                () if is_engine => Err(QueryRefusal::NotOfTheRun(shown())),
                () if name.may_be_file() => Err(QueryRefusal::File(shown())),
                () => Ok(None),
            };
        };
        // The program's own databases in memory have only what it put there.
        if name.database.as_deref().is_some_and(|name| allowed.databases.first().is_none_or(|own| own != name)) {
            return Ok(None);
        }
        let table = name.table.to_lowercase();
        let schemas = match &name.schema {
            Some(schema) => vec![schema.to_lowercase()],
            None => vec![schema.to_lowercase(), "main".to_owned()],
        };
        let found = schemas.into_iter().find_map(|schema| {
            let key = (schema, table.clone());
            relations.by_name.get(&key).map(|sql| (key, sql.as_deref()))
        });
        match found {
            Some(((schema, _), Some(sql))) => Ok(Some(View { schema, sql })),
            Some((_, None)) => Ok(None),
            None if name.may_be_file() => Err(QueryRefusal::File(shown())),
            // A complete name is nothing but a table, and the engine says what another name resembles.
            None if name.database.is_some() => Ok(None),
            None if name.schema.is_none() && !self.views.contains(&table) => Ok(None),
            None => Err(QueryRefusal::NotOfTheRun(shown())),
        }
    }

    fn view_refusal(
        &self,
        name: &TableName,
        view: &View<'_>,
        allowed: Allowed<'_>,
        tables: &dyn Tables,
        views: &mut Vec<(String, String)>,
    ) -> Result<Option<QueryRefusal>, DatabaseError> {
        let key = (view.schema.clone(), name.table.to_lowercase());
        if views.contains(&key) {
            return Ok(None);
        }
        views.push(key);
        let cause = match query_of_view(view.sql) {
            Some(query) => self.refusal_in(query, &view.schema, allowed, tables, views)?,
            None => Some(QueryRefusal::OtherStatement),
        };
        Ok(cause.map(|cause| QueryRefusal::View { view: name.to_string(), cause: Box::new(cause) }))
    }
}

/// A view of the database.
struct View<'a> {
    schema: String,
    sql: &'a str,
}

/// The query in `CREATE VIEW name (columns) AS query;`, as the engine writes it.
fn query_of_view(sql: &str) -> Option<&str> {
    let mut rest = sql.strip_prefix("CREATE VIEW ")?;
    loop {
        rest = after_name(rest)?;
        match rest.strip_prefix('.') {
            Some(part) => rest = part,
            None => break,
        }
    }
    rest = rest.trim_start();
    if let Some(columns) = rest.strip_prefix('(') {
        rest = columns;
        loop {
            rest = after_name(rest.trim_start())?.trim_start();
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => break,
            }
        }
        rest = rest.strip_prefix(')')?.trim_start();
    }
    rest.strip_prefix("AS ")
}

/// The text after a name, which may be quoted.
fn after_name(text: &str) -> Option<&str> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        return (end > 0).then(|| &text[end..]);
    };
    loop {
        rest = &rest[rest.find('"')? + 1..];
        match rest.strip_prefix('"') {
            Some(after) => rest = after,
            None => return Some(rest),
        }
    }
}

/// A table as a query names it.
struct TableName {
    database: Option<String>,
    schema: Option<String>,
    table: String,
}

impl TableName {
    fn of(tree: &Tree, object: usize) -> Self {
        let part = |key| tree.text(object, key).filter(|name| !name.is_empty()).map(str::to_owned);
        Self {
            database: part("catalog_name"),
            schema: part("schema_name"),
            table: part("table_name").unwrap_or_default(),
        }
    }

    fn is_unqualified(&self) -> bool {
        self.database.is_none() && self.schema.is_none()
    }

    /// Whether the engine may take the name for a file, unless there is such a table.
    fn may_be_file(&self) -> bool {
        let has_mark = self.table.contains(['.', '/', '\\', ':', '*', '?', '[']);
        has_mark || (self.schema.is_some() && FILE_ENDINGS.contains(&self.table.to_lowercase().as_str()))
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in [&self.database, &self.schema].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        f.write_str(&self.table)
    }
}

/// The syntax tree of a text. Its nodes are in one list, so its depth doesn't matter.
struct Tree {
    nodes: Vec<Node>,
}

struct Node {
    /// Its key in the object or list around it.
    key: String,
    text: Option<String>,
    /// The first node is its own parent.
    parent: usize,
    children: Vec<usize>,
}

impl Tree {
    fn of(rows: &[Row]) -> Result<Self, DatabaseError> {
        let mut places: HashMap<i64, usize> = HashMap::new();
        let mut nodes: Vec<Node> = Vec::with_capacity(rows.len());
        for row in rows {
            let at = nodes.len();
            let parent = row.integer("parent")?.and_then(|id| places.get(&id).copied()).unwrap_or(0);
            let (key, text) = (row.text("key")?.unwrap_or_default(), row.text("text")?);
            nodes.push(Node { key, text, parent, children: Vec::new() });
            if at > 0 {
                nodes[parent].children.push(at);
            }
            places.extend(row.integer("id")?.map(|id| (id, at)));
        }
        Ok(Self { nodes })
    }

    fn child(&self, object: usize, key: &str) -> Option<usize> {
        self.nodes.get(object)?.children.iter().copied().find(|child| self.nodes[*child].key == key)
    }

    fn text(&self, object: usize, key: &str) -> Option<&str> {
        self.nodes[self.child(object, key)?].text.as_deref()
    }

    /// Why the text isn't one query.
    fn not_a_query(&self) -> Option<QueryRefusal> {
        let statements = self.child(0, "statements").map_or(0, |list| self.nodes[list].children.len());
        match (self.text(0, "error_type"), statements) {
            (Some("not implemented"), _) => Some(QueryRefusal::OtherStatement),
            (Some(_), _) => Some(QueryRefusal::Syntax(self.text(0, "error_message").unwrap_or_default().to_owned())),
            (None, 0) => Some(QueryRefusal::Empty),
            (None, 1) => None,
            (None, _) => Some(QueryRefusal::Several),
        }
    }

    /// Whether a name stands for a common table expression there. One that isn't recursive sees those before it, but not itself.
    fn is_cte(&self, at: usize, name: &str) -> bool {
        let is_name = |node: usize, key| self.text(node, key).is_some_and(|cte| cte.eq_ignore_ascii_case(name));
        let (mut child, mut object) = (at, self.nodes[at].parent);
        let mut entry = None;
        while child != object {
            if self.nodes[object].key == "map" && self.nodes[self.nodes[object].parent].key == "cte_map" {
                entry = Some(child);
            }
            if self.text(object, "type") == Some("RECURSIVE_CTE_NODE")
                && self.nodes[child].key == "right"
                && is_name(object, "cte_name")
            {
                return true;
            }
            if let Some(map) = self.child(object, "cte_map").and_then(|ctes| self.child(ctes, "map")) {
                let before =
                    |cte: &&usize| self.nodes[child].key != "cte_map" || entry.is_none_or(|entry| **cte < entry);
                if self.nodes[map].children.iter().filter(before).any(|cte| is_name(*cte, "key")) {
                    return true;
                }
            }
            (child, object) = (object, self.nodes[object].parent);
        }
        false
    }
}

#[cfg(all(test, feature = "duckdb"))]
mod tests {
    use super::*;
    use crate::database::{Database, DatabaseOptions};

    fn database() -> Database {
        Database::in_memory(&DatabaseOptions::default()).expect("database")
    }

    /// Why a query is refused before a run, and in a database.
    fn check(db: &Database, sql: &str) -> [String; 2] {
        let check = QueryCheck::new(db).expect("functions");
        let relations = Relations::read(db).expect("relations");
        let refusal = |relations| {
            let allowed = Allowed { relations, ..Allowed::default() };
            let refusal = check.refusal(sql, allowed, db).expect("parsed");
            refusal.map(|refusal| refusal.to_string()).unwrap_or_default()
        };
        [refusal(None), refusal(Some(&relations))]
    }

    #[test]
    fn queries_over_tables_are_accepted() {
        let db = database();
        db.execute_batch(
            "create schema planalign; create table planalign.runs (a int); create table t (a int, b varchar);
             create table \"data.csv\" (a int); create view v as with c as (from t) select a, sum(a) from c group by a;
             create view \"odd \"\"view\"\" AS select 1\" (\"x, \"\" y\", z) as select a, b from main.t;
             create schema s; create table s.u (a int); create view s.w as from u",
        )
        .expect("tables");
        for sql in [
            "from t",
            "select a + 1, b || 'x', b like 'a%', b ilike 'a', a between 1 and 2, a in (1, 2), -a, not a > 1 from main.t",
            "select sum(a) filter (a > 1), count(*), count(distinct b), list(a order by b) from planalign.runs join t using (a)",
            "select row_number() over (), lag(a) over (order by b), sum(a) over (partition by b) from t qualify true",
            "from range(3), generate_series(1, 2), unnest([1, 2])",
            "select unnest([1]), [x + 1 for x in [1, 2] if x > 1], list_transform([1], lambda x: x + 1), {'a': 1}.a, (1, 2)",
            "select case when a = 1 then 2 end, coalesce(a, 1), nullif(a, 1), extract(year from date '2020-01-01') from t",
            "select cast(a as varchar), try_cast(b as int), b[1:2], b::date + interval 1 day, trim(b), position('a' in b) from t",
            "select a from t union all select 1 except (select 2) intersect select 3 order by all limit 3",
            "select exists(from t), (select max(a) from t), a = any(select a from t) from t",
            "with x as (from t), y as (from x) from y join x using (a)",
            "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) from r",
            "select * exclude (a) replace (upper(b) as b), columns('b') from t asof join t as o using (a)",
            "from (values (1, 2)) as v(a, b)",
            "select md5_number_lower('x'), current_date, quantile_cont(a, 0.5), arg_max(a, b), string_agg(b, ',') from t group by a",
            "from v, s.w, s.u",
            "select 1 -- comment",
        ] {
            assert_eq!(check(&db, sql), [""; 2], "{sql}");
        }
        // Before a run, a name that looks like a file is taken for one.
        assert_eq!(check(&db, "from \"data.csv\"")[1], "");
        assert_eq!(check(&db, "from \"odd \"\"view\"\" AS select 1\"")[1], "");
    }

    #[test]
    fn long_and_deep_queries_are_checked() {
        let db = database();
        let deep = format!("select {}read_text('x')", "1 + ".repeat(400));
        assert!(check(&db, &deep)[0].starts_with("calls `read_text`, which is not"), "{deep}");
        let long = format!("{} select random()", "select 1 union all ".repeat(200));
        assert!(check(&db, &long)[0].starts_with("calls `random`"), "{long}");
    }

    #[test]
    fn what_reads_or_changes_anything_else_is_refused() {
        let db = database();
        let cases = [
            ("from read_text('/etc/passwd')", "calls `read_text`;"),
            ("from main.READ_CSV('/etc/passwd')", "calls `read_csv`;"),
            ("select * from (from glob('*'))", "calls `glob`;"),
            ("select 1 where exists (from sniff_csv('x'))", "calls `sniff_csv`;"),
            ("with a as (from read_duckdb('x')) select 1", "calls `read_duckdb`;"),
            ("from query('select 1')", "calls `query`;"),
            ("from query_table('t')", "calls `query_table`;"),
            ("from json_execute_serialized_sql('{}')", "calls `json_execute_serialized_sql`;"),
            ("from force_checkpoint()", "calls `force_checkpoint`;"),
            ("from enable_logging(storage_path = 'x')", "calls `enable_logging`;"),
            ("from enable_profiling(save_location = 'x')", "calls `enable_profiling`;"),
            ("from duckdb_settings()", "calls `duckdb_settings`;"),
            ("from t, lateral (select * from read_blob(t.a))", "calls `read_blob`;"),
            ("select (select content from read_text('x'))", "calls `read_text`;"),
            ("select 1 order by (select 1 from read_text('x'))", "calls `read_text`;"),
            ("select 1 limit (select count(*) from read_text('x'))", "calls `read_text`;"),
            ("select sum(1) filter ((select true from read_text('x')))", "calls `read_text`;"),
            ("select * replace ((select 1 from read_text('x')) as a) from t", "calls `read_text`;"),
            ("select list_transform([1], lambda x: (select x from read_text('x')))", "calls `read_text`;"),
            ("select random()", "calls `random`,"),
            ("select ('a').write_log()", "calls `write_log`,"),
            ("select nextval('s')", "calls `nextval`,"),
            ("select system.main.setseed(0.5)", "calls `setseed`,"),
            ("select pg_sleep(1)", "calls `pg_sleep`,"),
            ("select json_serialize_plan('from read_text(''x'')')", "calls `json_serialize_plan`,"),
            ("select getenv('HOME')", "calls `getenv`, which is not a function"),
            ("from 'a.csv'", "reads the file `a.csv`;"),
            ("from a.csv", "reads the file `a.csv`;"),
            ("from \"/etc/passwd\"", "reads the file `/etc/passwd`;"),
            ("from \"s3://bucket/x\"", "reads the file `s3://bucket/x`;"),
            ("with \"a.csv\" as (from \"a.csv\") from \"a.csv\"", "reads the file `a.csv`;"),
            ("from (with \"a.csv\" as (select 1) from \"a.csv\"), \"a.csv\"", "reads the file `a.csv`;"),
            ("with x as (from \"a.csv\"), \"a.csv\" as (select 1) from x", "reads the file `a.csv`;"),
            (
                "with recursive \"a.csv\" as (from \"a.csv\" union all select 1) from \"a.csv\"",
                "reads the file `a.csv`;",
            ),
            ("from other.main.t", "names a database in `other.main.t`;"),
            ("from information_schema.tables", "reads `information_schema.tables`, which is not a table of the run;"),
            ("from pg_catalog.pg_class", "reads `pg_catalog.pg_class`,"),
            ("from sqlite_master", "reads `sqlite_master`,"),
            ("from duckdb_tables", "reads `duckdb_tables`,"),
            ("from temp.t", "reads `temp.t`,"),
            ("describe t", "shows or describes"),
            ("from (show tables)", "shows or describes"),
            ("drop table t", "is not a query"),
            ("copy (select 1) to 'x'", "is not a query"),
            ("select 1; select 2", "is more than one query"),
            ("-- nothing", "is empty"),
            ("selec 1", "is not a query: syntax error at or near \"selec\""),
        ];
        for (sql, expected) in cases {
            for found in check(&db, sql) {
                assert!(found.starts_with(expected), "{sql}: {found}");
            }
        }
    }

    #[test]
    fn what_is_in_the_database_is_not_trusted_either() {
        let folder = tempfile::tempdir().expect("temp dir");
        let file = folder.path().join("x.txt");
        std::fs::write(&file, "secret").expect("write");
        let db = database();
        let file = file.display();
        db.execute_batch(&format!(
            "create view peek as from read_text('{file}');
             create view \"AS select 1 --\" as with c as (select 1) from c, peek;
             create schema s; create view s.v as from main.\"AS select 1 --\";
             create macro content() as (select content from read_text('{file}'));
             create macro rows() as table from read_text('{file}')",
        ))
        .expect("objects");
        let found = |sql: &str| check(&db, sql)[1].clone();
        let refused = "calls `read_text`; the only";
        assert!(found("from peek").starts_with(&format!("reads the view `peek`, which {refused}")));
        let nested = "reads the view `s.v`, which reads the view `main.AS select 1 --`, which reads the view `peek`, which calls";
        assert!(found("from s.v").starts_with(nested), "{}", found("from s.v"));
        assert!(found("select content()").starts_with("calls `content`, which is not a function of the engine;"));
        assert!(found("from rows()").starts_with("calls `rows`; the only table functions"));
        assert!(found("from nowhere.t").starts_with("reads `nowhere.t`, which is not a table of the run;"));
        assert_eq!(found("from nowhere"), "", "the engine says what it resembles");
    }
}
