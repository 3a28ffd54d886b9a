//! The runner that renders and executes a project in this process.

pub(crate) mod catalog;
pub(crate) mod config;
mod cte;
mod ephemerals;
mod excerpt;
mod failures;
mod files;
pub(crate) mod jinja;
mod loader;
mod materialize;
mod nodes;
mod project;
mod project_file;
mod run;
mod schema_yml;
mod seed;
mod supported;
mod test_arguments;
mod test_nodes;
mod test_run;
mod yaml;
mod yaml_jinja;

pub use files::project_files;
pub(crate) use files::project_texts;
pub use run::{EmbeddedRunner, LoadOptions};
pub use test_run::{TestResult, TestStatus};
