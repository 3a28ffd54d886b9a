//! How committed data differs from its checkpoint.

use planalign_registries::{RegistryError, StoreError};

/// A table or registry that doesn't match a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// A table.
    #[error(transparent)]
    Table(#[from] TableDamage),
    /// A registry.
    #[error("the {registry} registry")]
    Registry {
        /// Registry.
        registry: String,
        /// How.
        #[source]
        cause: RegistryDamage,
    },
}

/// How a table doesn't match a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum TableDamage {
    /// Its rows differ.
    #[error("table {relation}: {what}")]
    Differs {
        /// The table.
        relation: String,
        /// What differs, such as `10 rows instead of 12`.
        what: String,
    },
    /// It cannot be read.
    #[error("table {relation} cannot be read")]
    Unreadable {
        /// The table.
        relation: String,
        /// Why.
        #[source]
        cause: Box<StoreError>,
    },
    /// The tables can be read one by one, but not together.
    #[error(transparent)]
    Store(Box<StoreError>),
}

/// How a registry doesn't match a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum RegistryDamage {
    /// Its content differs.
    #[error("{0}")]
    Differs(String),
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(Box<RegistryError>),
    /// This program has no such registry.
    #[error("it no longer exists")]
    Missing,
}
