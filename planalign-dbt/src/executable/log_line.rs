//! Lines of dbt's JSON log.

use std::time::Duration;

use serde_json::Value;

/// An event: JSON whose `info` has a name. Only what is asked for is looked at, because versions differ in the rest.
#[derive(Debug)]
pub(crate) struct Event(Value);

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeStatus {
    Started,
    Built,
    Failed,
    Skipped,
}

impl Event {
    /// Parses a line; `None` if it isn't an event.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let event = Self(serde_json::from_str(line).ok()?);
        (!event.name().is_empty()).then_some(event)
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.text("/info/name")
    }

    pub(crate) fn level(&self) -> &str {
        self.text("/info/level")
    }

    pub(crate) fn message(&self) -> &str {
        self.text("/info/msg")
    }

    pub(crate) fn invocation_id(&self) -> &str {
        self.text("/info/invocation_id")
    }

    /// A text of the event's own, such as a version; `None` if it has none of this name.
    pub(crate) fn data(&self, name: &str) -> Option<&str> {
        self.0["data"][name].as_str()
    }

    fn node(&self) -> Option<&str> {
        Some(self.text("/data/node_info/unique_id")).filter(|id| !id.is_empty())
    }

    /// The node and how far it is, if the event says so.
    pub(crate) fn node_status(&self) -> Option<(&str, NodeStatus)> {
        let status = match self.text("/data/node_info/node_status").to_lowercase().as_str() {
            "started" | "compiling" | "executing" => NodeStatus::Started,
            status => NodeStatus::of_result(status)?,
        };
        Some((self.node()?, status))
    }

    /// What an error event says, and about which node.
    pub(crate) fn error(&self) -> Option<(Option<&str>, &str)> {
        let is_error = self.level() == "error" && !SUMMARIES.contains(&self.name());
        is_error.then(|| (self.node(), self.message()))
    }

    pub(crate) fn execution_time(&self) -> Duration {
        let seconds = self.0["data"]["execution_time"].as_f64().unwrap_or_default();
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

/// Error events that don't say why.
const SUMMARIES: [&str; 7] = [
    "LogModelResult",
    "LogSeedResult",
    "LogSnapshotResult",
    "LogTestResult",
    "RunResultFailure",
    "MainStackTrace",
    "EndOfRunSummary",
];

impl NodeStatus {
    /// The status of a finished node, as in `run_results.json`.
    pub(crate) fn of_result(status: &str) -> Option<Self> {
        match status {
            "success" | "pass" | "warn" | "no-op" | "reused" => Some(Self::Built),
            "error" | "fail" | "runtime error" | "partial success" => Some(Self::Failed),
            "skipped" => Some(Self::Skipped),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
