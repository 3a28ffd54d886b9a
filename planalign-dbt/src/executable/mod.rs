//! The runner that drives a `dbt` executable.
//!
//! Each call is one process: `command` builds it, `process` runs it under a [`guard`], `log_line` reads its output, and `build`
//! or `test_call` turns that into results or an error. `check` is the first call, before a run.

mod build;
mod check;
mod command;
mod environment;
pub mod guard;
mod large_vars;
mod log_line;
mod manifest;
mod messages;
mod process;
mod profile;
mod project;
mod redactor;
mod results_file;
mod runner;
mod scratch;
mod test_call;
mod warnings;

pub use check::DbtVersions;
pub use command::DbtOptions;
pub use environment::is_option;
pub use profile::Profile;
pub use runner::DbtRunner;
