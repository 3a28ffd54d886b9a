//! What became of the nodes and tests of a call.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::runner::{Materialization, RelationName, RunnerError};

/// What became of a seed, model, or test.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A seed or model was built.
    Built(NodeResult),
    /// A test was run, whatever it found.
    Tested(TestResult),
    /// A seed or model couldn't be built, or a test couldn't be run.
    Failed(Failure),
    /// It wasn't tried, because of what happened before.
    Skipped(Skip),
}

/// A kind of a project's resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceType {
    /// A CSV file.
    Seed,
    /// A query that is built.
    Model,
    /// A query that finds wrong rows.
    Test,
    /// A table that the project only reads.
    Source,
}

/// A node that was built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeResult {
    /// Name of the model or seed.
    pub name: String,
    /// How it was built.
    pub materialization: Materialization,
    /// The relation with its rows; `None` for ephemeral models.
    pub relation: Option<RelationName>,
    /// Rows written; `None` for views and ephemeral models.
    pub rows: Option<u64>,
    /// Wall time, including rendering.
    pub elapsed: Duration,
    /// Database time.
    pub database_time: Duration,
}

/// Result of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestStatus {
    /// The test passed.
    Pass,
    /// Failures were found, but only warrant a warning.
    Warn,
    /// The test failed.
    Fail,
}

/// A completed test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResult {
    /// Name of the test.
    pub name: String,
    /// Result.
    pub status: TestStatus,
    /// Result of `fail_calc`, by default the number of rows found.
    pub failures: i64,
    /// The condition on `failures` that decided: `warn_if` of a warning, else `error_if`.
    pub limit: String,
    /// Query that finds the rows.
    pub sql: String,
    /// Wall time, including rendering.
    pub elapsed: Duration,
}

/// A node or test that failed with an error.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Seed, model, or test.
    pub resource_type: ResourceType,
    /// Its name.
    pub name: String,
    /// Why.
    pub error: RunnerError,
    /// Wall time until then.
    pub elapsed: Duration,
}

/// A node or test that wasn't tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Seed, model, or test.
    pub resource_type: ResourceType,
    /// Its name.
    pub name: String,
    /// Name of what failed before; `None` if the caller stopped the build.
    pub after: Option<String>,
}

impl Outcome {
    pub(crate) fn failed(resource_type: ResourceType, name: &str, error: &RunnerError, elapsed: Duration) -> Self {
        Self::Failed(Failure { resource_type, name: name.to_owned(), error: error.clone(), elapsed })
    }

    /// Returns the name of the seed, model, or test.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Built(node) => &node.name,
            Self::Tested(test) => &test.name,
            Self::Failed(failure) => &failure.name,
            Self::Skipped(skip) => &skip.name,
        }
    }

    /// Returns what it is.
    #[must_use]
    pub fn resource_type(&self) -> ResourceType {
        match self {
            Self::Built(node) => node.materialization.into(),
            Self::Tested(_) => ResourceType::Test,
            Self::Failed(failure) => failure.resource_type,
            Self::Skipped(skip) => skip.resource_type,
        }
    }

    /// Returns the wall time, including rendering.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match self {
            Self::Built(node) => node.elapsed,
            Self::Tested(test) => test.elapsed,
            Self::Failed(failure) => failure.elapsed,
            Self::Skipped(_) => Duration::ZERO,
        }
    }

    /// Whether it was built, or tested without finding more than a warning.
    #[must_use]
    pub fn is_success(&self) -> bool {
        match self {
            Self::Built(_) => true,
            Self::Tested(test) => test.status != TestStatus::Fail,
            Self::Failed(_) | Self::Skipped(_) => false,
        }
    }
}

impl TestResult {
    /// Says what was found in dbt's words: `Got 1 result, configured to fail if != 0`; `None` if the test passed.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let what = match self.status {
            TestStatus::Pass => return None,
            TestStatus::Warn => "warn",
            TestStatus::Fail => "fail",
        };
        let Self { failures, limit, .. } = self;
        Some(format!("Got {failures} result{}, configured to {what} if {limit}", if *failures == 1 { "" } else { "s" }))
    }
}

impl ResourceType {
    /// Returns dbt's word for it, such as `model`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Model => "model",
            Self::Test => "test",
            Self::Source => "source",
        }
    }
}

impl From<Materialization> for ResourceType {
    fn from(materialization: Materialization) -> Self {
        if materialization == Materialization::Seed { Self::Seed } else { Self::Model }
    }
}
