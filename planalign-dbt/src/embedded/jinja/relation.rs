//! Relations as templates see them.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, Value, from_args};
use minijinja::{Error, ErrorKind, State};

use planalign_config::sql;

use crate::runner::RelationName;

/// Kind of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RelationKind {
    Table,
    View,
    /// A common table expression, printed as its bare name.
    Ephemeral,
}

/// A relation, printed as its quoted name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Relation {
    pub(crate) database: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) identifier: Option<String>,
    pub(crate) kind: Option<RelationKind>,
}

impl Relation {
    pub(crate) fn new(database: &str, schema: &str, identifier: &str) -> Self {
        Self {
            database: Some(database.to_owned()),
            schema: Some(schema.to_owned()),
            identifier: Some(identifier.to_owned()),
            kind: None,
        }
    }

    pub(crate) fn with_kind(mut self, kind: RelationKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Creates the relation for an ephemeral model with this alias.
    pub(crate) fn ephemeral(alias: &str) -> Self {
        Self { database: None, schema: None, identifier: Some(cte_name(alias)), kind: Some(RelationKind::Ephemeral) }
    }

    pub(crate) fn name(&self) -> RelationName {
        RelationName {
            schema: self.schema.clone().unwrap_or_default(),
            name: self.identifier.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or_default()
    }

    pub(crate) fn identifier(&self) -> &str {
        self.identifier.as_deref().unwrap_or_default()
    }

    /// Whether both are the same table to the database, which ignores case.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    /// What identifies a table to the database, which ignores case.
    pub(crate) fn key(&self) -> [Option<String>; 3] {
        [&self.database, &self.schema, &self.identifier].map(|part| part.as_deref().map(str::to_lowercase))
    }

    fn kind_name(&self) -> Option<&'static str> {
        self.kind.map(|kind| match kind {
            RelationKind::Table => "table",
            RelationKind::View => "view",
            RelationKind::Ephemeral => "cte",
        })
    }

    /// `include(database=false)`; also used for `without_identifier()` and similar methods.
    fn include(&self, args: &[Value]) -> Result<Self, Error> {
        let (kwargs,): (Kwargs,) = from_args(args)?;
        let mut changed = self.clone();
        for (name, part) in [
            ("database", &mut changed.database),
            ("schema", &mut changed.schema),
            ("identifier", &mut changed.identifier),
        ] {
            if kwargs.get::<Option<bool>>(name)? == Some(false) {
                *part = None;
            }
        }
        kwargs.assert_all_used()?;
        Ok(changed)
    }
}

/// The name under which an ephemeral model appears in the models that use it.
pub(crate) fn cte_name(alias: &str) -> String {
    format!("__dbt__cte__{alias}")
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Some(RelationKind::Ephemeral) {
            return f.write_str(self.identifier());
        }
        let parts = [&self.database, &self.schema, &self.identifier];
        let parts: Vec<_> = parts.into_iter().flatten().map(|part| sql::identifier(part)).collect();
        f.write_str(&parts.join("."))
    }
}

impl Object for Relation {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let text = |part: &Option<String>| Some(Value::from(part.clone()));
        match key.as_str()? {
            "database" => text(&self.database),
            "schema" => text(&self.schema),
            "identifier" | "name" | "table" => text(&self.identifier),
            "type" => Some(Value::from(self.kind_name())),
            "is_table" => Some(Value::from(self.kind == Some(RelationKind::Table))),
            "is_view" => Some(Value::from(self.kind == Some(RelationKind::View))),
            "is_cte" => Some(Value::from(self.kind == Some(RelationKind::Ephemeral))),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let changed = match method {
            "include" => self.include(args)?,
            "without_identifier" => Self { identifier: None, ..(**self).clone() },
            "render" => return Ok(Value::from(self.to_string())),
            "quote" | "incorporate" | "replace_path" | "information_schema" => {
                return Err(super::errors::refusal(
                    format!("Relation.{method}()"),
                    "build the name with include() or by hand",
                ));
            }
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        };
        Ok(Value::from_object(changed))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_part_by_part() {
        let relation = Relation::new("db", "main", "a\"b");
        assert_eq!(relation.to_string(), "\"db\".\"main\".\"a\"\"b\"");
        assert_eq!(Relation::ephemeral("x").to_string(), "__dbt__cte__x");
        assert_eq!(relation.name(), RelationName { schema: "main".into(), name: "a\"b".into() });
    }

    #[test]
    fn templates_use_parts_and_methods() {
        let env = minijinja::Environment::new();
        let template = "{{ r.schema }} {{ r.name }} {{ r.is_table }} {{ r.type }} {{ r.include(database=false) }} {{ r.without_identifier() }}";
        let relation = Relation::new("db", "main", "t").with_kind(RelationKind::Table);
        let text =
            env.render_str(template, minijinja::context!(r => Value::from_object(relation.clone()))).expect("render");
        assert_eq!(text, "main t True table \"main\".\"t\" \"db\".\"main\"");
        let refused = env.render_str("{{ r.incorporate() }}", minijinja::context!(r => Value::from_object(relation)));
        assert!(refused.expect_err("refused").to_string().contains("Relation.incorporate() is not supported"));
    }
}
