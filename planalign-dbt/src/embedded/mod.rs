//! The runner that renders and executes a project in this process.

mod artifacts;
mod build;
pub(crate) mod catalog;
pub(crate) mod config;
mod cte;
mod dbt_version;
mod ephemerals;
mod excerpt;
mod failures;
mod files;
pub(crate) mod jinja;
mod loader;
mod materialize;
mod nodes;
mod profile;
mod project;
mod project_file;
mod resources;
mod run;
mod schema_yml;
mod seed;
mod supported;
mod test_arguments;
mod test_nodes;
mod test_run;
mod unique_id;
mod yaml;
mod yaml_jinja;

pub use artifacts::{Artifacts, Invocation};
pub use build::AfterFailure;
pub use files::project_files;
pub(crate) use files::project_texts;
pub use profile::{DatabaseProfile, ProfileOptions};
pub use resources::{Resource, Selection};
pub use run::{EmbeddedRunner, LoadOptions};
pub use yaml::parse_vars;
