//! JSON content of rows.

use std::sync::Arc;

use planalign_config::Value;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::duckdb::catalog::{Catalog, failed};
use crate::run_store::{RecordDamage, StoreError};

/// Reads the column `payload` of a query; `what` names its content in errors.
pub(super) fn read<T: DeserializeOwned>(
    catalog: &Catalog,
    sql: &str,
    values: &[Value],
    what: &str,
) -> Result<Vec<T>, StoreError> {
    let payloads = catalog.db.query(sql, values).and_then(|table| table.texts("payload"));
    payloads.map_err(failed(&format!("read {what}")))?.iter().map(|payload| from_json(payload, what)).collect()
}

/// Parses JSON content.
pub(super) fn from_json<'t, T: Deserialize<'t>>(payload: &'t str, what: &str) -> Result<T, StoreError> {
    let damage = |e: serde_json::Error| RecordDamage::NotUnderstood { character: e.column() };
    serde_json::from_str(payload).map_err(|e| StoreError::damaged(what, damage(e)))
}

/// Serializes content as JSON.
pub(super) fn to_json<T: Serialize>(value: &T, what: &str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::damaged(what, RecordDamage::Unwritable(Arc::new(e))))
}
