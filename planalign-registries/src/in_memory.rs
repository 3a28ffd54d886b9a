//! A run store and a registry without a database, for tests of those who use them.

mod registry;
mod run_store;

pub use registry::InMemoryRegistry;
pub use run_store::InMemoryRunStore;
