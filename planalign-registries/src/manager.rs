//! All registries of a simulation.

use crate::registry::{Registry, RegistryError, RegistrySnapshot};

/// The registries of a simulation.
#[derive(Default)]
pub struct RegistryManager<'r> {
    registries: Vec<Box<dyn Registry + 'r>>,
}

impl<'r> RegistryManager<'r> {
    /// Opens the enrollment and deferral-escalation registries of a database.
    #[cfg(feature = "duckdb")]
    pub fn of_database(database: &planalign_config::Database) -> Result<Self, RegistryError> {
        use crate::duckdb::{DeferralEscalationRegistry, EnrollmentRegistry};
        Ok(Self::new(vec![
            Box::new(EnrollmentRegistry::new(database.clone())?),
            Box::new(DeferralEscalationRegistry::new(database.clone())?),
        ]))
    }

    /// Creates a manager of these registries.
    #[must_use]
    pub fn new(registries: Vec<Box<dyn Registry + 'r>>) -> Self {
        Self { registries }
    }

    /// Returns the registry with this name, such as `enrollment`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&(dyn Registry + 'r)> {
        self.registries.iter().find(|registry| registry.name() == name).map(AsRef::as_ref)
    }

    /// Returns the registries' states at the end of a year.
    pub fn state_snapshot(&self, year: i32) -> Result<Vec<RegistrySnapshot>, RegistryError> {
        self.registries.iter().map(|registry| registry.snapshot(year)).collect()
    }

    /// Removes everything after the end of a year. Returns the remaining differences from that year's snapshots, each with the
    /// name of its registry; an empty list means that the states match.
    pub fn restore_from_snapshot(
        &mut self,
        year: i32,
        snapshots: &[RegistrySnapshot],
    ) -> Result<Vec<(String, String)>, RegistryError> {
        for registry in &mut self.registries {
            registry.restore(Some(year))?;
        }
        let now = self.state_snapshot(year)?;
        let differs = |saved: &RegistrySnapshot| {
            let found = now.iter().find(|now| now.registry == saved.registry);
            let what = found
                .map_or_else(|| Some("there is no such registry".to_owned()), |now| saved.state.difference(&now.state));
            what.map(|what| (saved.registry.clone(), what))
        };
        Ok(snapshots.iter().filter_map(differs).collect())
    }

    /// Returns the registries.
    #[must_use]
    pub fn into_registries(self) -> Vec<Box<dyn Registry + 'r>> {
        self.registries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_memory::InMemoryRegistry;

    #[test]
    fn differences_from_snapshots_are_reported() {
        let mut registries = ["enrollment", "deferral_escalation"].map(InMemoryRegistry::new);
        for registry in &mut registries {
            registry.holds(2025, 40);
            registry.update(2025, 2025).expect("update");
        }
        let boxed = registries.iter().map(|registry| Box::new(registry.clone()) as Box<dyn Registry>).collect();
        let mut manager = RegistryManager::new(boxed);
        let saved = manager.state_snapshot(2025).expect("snapshot");
        assert_eq!(manager.restore_from_snapshot(2025, &saved).expect("restore"), []);
        registries[0].holds(2025, 41);
        registries[0].update(2025, 2025).expect("update");
        let (name, what) = ("enrollment".to_owned(), "41 rows instead of 40".to_owned());
        assert_eq!(manager.restore_from_snapshot(2025, &saved).expect("restore"), [(name, what)]);
        assert_eq!(manager.get("enrollment").map(Registry::name), Some("enrollment"));
        assert!(manager.get("vesting").is_none());
        assert_eq!(manager.into_registries().len(), 2);
    }
}
