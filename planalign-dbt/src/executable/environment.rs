//! What dbt sees of its caller's environment.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::sync::LazyLock;

use regex::Regex;

/// Variables that programs need.
const NEEDED: [&str; 5] = ["PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"];

/// Variables for projects, by dbt's naming convention.
const FOR_PROJECTS: &str = "DBT_ENV_";

/// Options that dbt Core 1.11 or 2.0 reads from the environment; all other options of dbt begin with `DBT_ENGINE_`.
const OPTIONS: &str = "
    DBT_ARTIFACT_STATE_PATH DBT_CACHE_SELECTED_ONLY DBT_CLEAN_PROJECT_FILES_ONLY DBT_COMPUTE DBT_DEBUG DBT_DEFER DBT_DEFER_STATE
    DBT_DEFER_TO_STATE DBT_DIRTY DBT_DISABLE_VERSION_CHECK DBT_EMPTY DBT_EVENT_TIME_END DBT_EVENT_TIME_START
    DBT_EXCLUDE_RESOURCE_TYPES DBT_EXPORT_SAVED_QUERIES DBT_FAIL_FAST DBT_FAVOR_STATE DBT_FAVOR_STATE_MODE DBT_FULL_REFRESH
    DBT_HOST DBT_INCLUDE_SAVED_QUERY DBT_INDEX_DIR DBT_INDIRECT_SELECTION DBT_INTROSPECT DBT_INVOCATION_ID
    DBT_LOG_CACHE_EVENTS DBT_LOG_FILE_MAX_BYTES DBT_LOG_FORMAT DBT_LOG_FORMAT_FILE DBT_LOG_LEVEL DBT_LOG_LEVEL_FILE
    DBT_LOG_PATH DBT_MACRO_DEBUGGING DBT_MAXIMUM_SEED_SIZE_MIB DBT_METADATA_DIR DBT_NO_PRINT DBT_OTEL_FILE_NAME
    DBT_OTEL_PARQUET_FILE_NAME DBT_PACKAGES_INSTALL_PATH DBT_PARENT_SPAN_ID DBT_PARTIAL_PARSE DBT_PARTIAL_PARSE_FILE_DIFF
    DBT_PARTIAL_PARSE_FILE_PATH DBT_POPULATE_CACHE DBT_PRINT DBT_PRINTER_WIDTH DBT_PROFILE DBT_PROFILES_DIR DBT_PROJECT_DIR
    DBT_QUIET DBT_RESOURCE_TYPES DBT_SAMPLE DBT_SEND_ANONYMOUS_USAGE_STATS DBT_SHOW_RESOURCE_REPORT DBT_SINGLE_THREADED
    DBT_STATE DBT_STATIC_ANALYSIS DBT_STATIC_PARSER DBT_STORE_FAILURES DBT_TARGET DBT_TARGET_PATH
    DBT_UPLOAD_TO_ARTIFACTS_INGEST_API DBT_USE_COLORS DBT_USE_COLORS_FILE DBT_USE_EXPERIMENTAL_PARSER
    DBT_USE_FAST_TEST_EDGES DBT_USE_INDEX DBT_USE_V DBT_VERSION_CHECK DBT_WARN_ERROR DBT_WARN_ERROR_OPTIONS
    DBT_WRITE_CATALOG DBT_WRITE_JSON DBT_WRITE_LINEAGE DBT_WRITE_METADATA";

static ENV_VAR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"env_var\(\s*['"]([^'"]+)['"]"#).expect("a valid expression"));

/// The names that texts read with `env_var`.
pub(crate) fn names_in(texts: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in texts {
        names.extend(ENV_VAR.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    names
}

/// dbt's environment, and the caller's options of dbt that were left out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) passed: Vec<(OsString, OsString)>,
    pub(crate) removed: Vec<String>,
}

impl Environment {
    /// Passes on what programs need, what the project reads, and `named`; no options of dbt.
    pub(crate) fn of(caller: &[(OsString, OsString)], read: &BTreeSet<String>, named: &[String]) -> Self {
        let (mut passed, mut removed) = (Vec::new(), Vec::new());
        for (name, value) in caller {
            let text = name.to_string_lossy();
            if is_option(&text) {
                removed.push(text.into_owned());
            } else if NEEDED.contains(&text.as_ref())
                || text.starts_with(FOR_PROJECTS)
                || read.contains(text.as_ref())
                || named.iter().any(|name| *name == text)
            {
                passed.push((name.clone(), value.clone()));
            }
        }
        removed.sort();
        let own = [("PYTHONUTF8", "1"), ("DBT_SEND_ANONYMOUS_USAGE_STATS", "false"), ("DO_NOT_TRACK", "1")];
        passed.extend(own.map(|(name, value)| (OsStr::new(name).to_owned(), OsStr::new(value).to_owned())));
        Self { passed, removed }
    }
}

/// Returns whether dbt reads an environment variable as an option of its own.
#[must_use]
pub fn is_option(name: &str) -> bool {
    name.starts_with("DBT_ENGINE_") || OPTIONS.split_whitespace().any(|option| option == name)
}

#[cfg(test)]
mod tests;
