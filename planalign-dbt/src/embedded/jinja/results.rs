//! Query results as templates see them: rows by position or name, and columns with their values.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Tuple, Value};
use minijinja::{Error, ErrorKind, State};
use planalign_config::sql;
use planalign_config::{Rows, Value as DbValue};

use super::collections::list;
use super::errors::refusal;
use crate::embedded::catalog::Column;

/// The result of `run_query`.
#[derive(Debug)]
pub(crate) struct QueryResult {
    columns: Arc<[String]>,
    rows: Vec<Vec<Value>>,
}

/// A row, or the columns of a result; accessible by position, name, or iteration.
#[derive(Debug)]
struct ResultRow {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

/// A column of a result.
#[derive(Debug)]
struct ResultColumn {
    name: String,
    values: Vec<Value>,
}

impl QueryResult {
    pub(crate) fn new(table: Rows) -> Self {
        let rows = table.rows.iter().map(|row| row.values().iter().map(to_template).collect()).collect();
        Self { columns: table.columns, rows }
    }

    fn row(&self, values: &[Value]) -> Value {
        Value::from_object(ResultRow { columns: self.columns.clone(), values: values.to_vec() })
    }

    fn rows(&self) -> Value {
        list(self.rows.iter().map(|row| self.row(row)).collect())
    }

    /// The rows as plain tuples, as `load_result` has them.
    pub(crate) fn data(&self) -> Value {
        list(self.rows.iter().map(|row| tuple(row.clone())).collect())
    }

    fn columns(&self) -> Value {
        let column = |(i, name): (usize, &String)| {
            let values = self.rows.iter().filter_map(|row| row.get(i).cloned()).collect();
            Value::from_object(ResultColumn { name: name.clone(), values })
        };
        let columns = self.columns.iter().enumerate().map(column).collect();
        Value::from_object(ResultRow { columns: self.columns.clone(), values: columns })
    }
}

fn tuple(values: Vec<Value>) -> Value {
    Value::from(Tuple::new(values))
}

/// A database value in a template.
fn to_template(value: &DbValue) -> Value {
    match value {
        DbValue::Null => Value::from(()),
        DbValue::Boolean(b) => Value::from(*b),
        DbValue::Integer(i) => Value::from(*i),
        DbValue::Float(x) => Value::from(*x),
        DbValue::Decimal { units, scale: 0 } => Value::from(*units),
        DbValue::Decimal { units, scale } => Value::from(*units as f64 / 10_f64.powi(i32::from(*scale))),
        DbValue::Blob(_) => Value::from(value.escaped()),
        other => Value::from(other.to_string()),
    }
}

impl Object for QueryResult {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if let Some(index) = key.as_usize() {
            return self.rows.get(index).map(|row| self.row(row));
        }
        match key.as_str()? {
            "rows" => Some(self.rows()),
            "columns" => Some(self.columns()),
            "column_names" => Some(tuple(self.columns.iter().map(|c| Value::from(c.as_str())).collect())),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.rows.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        Err(refusal(format!("{method}() of a query result"), "use rows, columns, or column_names"))
    }
}

impl Object for ResultRow {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let index = match key.as_str() {
            Some(name) => self.columns.iter().position(|c| c.eq_ignore_ascii_case(name))?,
            None => key.as_usize()?,
        };
        self.values.get(index).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.values.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "values" => Ok(tuple(self.values.clone())),
            "keys" => Ok(tuple(self.columns.iter().map(|c| Value::from(c.as_str())).collect())),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

impl Object for ResultColumn {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        if key.as_str() == Some("name") {
            return Some(Value::from(self.name.as_str()));
        }
        self.values.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.values.len())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        match method {
            "values" => Ok(tuple(self.values.clone())),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// A column of a relation, as `adapter.get_columns_in_relation` lists them.
#[derive(Debug)]
pub(crate) struct RelationColumn(pub(crate) Column);

impl Object for RelationColumn {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "name" | "column" => Some(Value::from(self.0.name.as_str())),
            // dbt doesn't know that texts have no length here.
            "data_type" if self.0.data_type == "VARCHAR" => Some(Value::from("character varying(256)")),
            "dtype" | "data_type" => Some(Value::from(self.0.data_type.as_str())),
            "quoted" => Some(Value::from(sql::identifier(&self.0.name))),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["name", "column", "dtype", "data_type", "quoted"])
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, _: &[Value]) -> Result<Value, Error> {
        Err(refusal(format!("Column.{method}()"), "use name and data_type"))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Column {} ({})>", self.0.name, self.0.data_type)
    }
}
