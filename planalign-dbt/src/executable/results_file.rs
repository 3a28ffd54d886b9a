//! `run_results.json`, which confirms what the log says.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::log_line::NodeStatus;

/// The results of a call.
#[derive(Debug, Deserialize)]
pub(crate) struct ResultsFile {
    metadata: Metadata,
    results: Vec<ResultRow>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    invocation_id: String,
}

/// What the file says of a node or test.
#[derive(Debug, Deserialize)]
pub(crate) struct ResultRow {
    unique_id: String,
    status: String,
    /// Of a test: what it counted.
    #[serde(default)]
    pub(crate) failures: Option<i64>,
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// dbt 2.0 leaves it out.
    #[serde(default)]
    pub(crate) compiled_code: Option<String>,
    #[serde(default)]
    execution_time: f64,
}

impl ResultRow {
    /// The status in lower case.
    pub(crate) fn status(&self) -> String {
        self.status.to_lowercase()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Duration::try_from_secs_f64(self.execution_time).unwrap_or_default()
    }
}

impl ResultsFile {
    /// Reads the file in a target folder; `None` if it is missing or incomplete.
    pub(crate) fn read(target: &Path) -> Option<Self> {
        let file = File::open(target.join("run_results.json")).ok()?;
        serde_json::from_reader(BufReader::new(file)).ok()
    }

    /// Whether the file is of the call with this ID.
    pub(crate) fn is_of(&self, invocation_id: &str) -> bool {
        self.metadata.invocation_id == invocation_id
    }

    /// The results, by dbt's ID.
    pub(crate) fn rows(&self) -> BTreeMap<&str, &ResultRow> {
        self.results.iter().map(|row| (row.unique_id.as_str(), row)).collect()
    }

    /// The status of each node, by dbt's ID.
    pub(crate) fn statuses(&self) -> BTreeMap<&str, Option<NodeStatus>> {
        self.results.iter().map(|r| (r.unique_id.as_str(), NodeStatus::of_result(&r.status()))).collect()
    }
}
