//! `run_results.json`, which confirms what the log says.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

use super::log_line::NodeStatus;

/// The results of a call.
#[derive(Debug, Deserialize)]
pub(crate) struct ResultsFile {
    metadata: Metadata,
    results: Vec<NodeResult>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    invocation_id: String,
}

#[derive(Debug, Deserialize)]
struct NodeResult {
    unique_id: String,
    status: String,
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

    /// The status of each node, by dbt's ID.
    pub(crate) fn statuses(&self) -> BTreeMap<&str, Option<NodeStatus>> {
        self.results.iter().map(|r| (r.unique_id.as_str(), NodeStatus::of_result(&r.status.to_lowercase()))).collect()
    }
}
