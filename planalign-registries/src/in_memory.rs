//! A run store and a registry without a database, for tests.

mod registry;
mod run_store;

pub use registry::InMemoryRegistry;
pub use run_store::InMemoryRunStore;
