//! All registries of a simulation at once.

use crate::registry::{Registry, RegistryError, RegistrySnapshot};

/// The registries that follow the events of a simulation.
#[derive(Default)]
pub struct RegistryManager<'r> {
    registries: Vec<Box<dyn Registry + 'r>>,
}

impl<'r> RegistryManager<'r> {
    /// The enrollment and the deferral-escalation registry of a database.
    #[cfg(feature = "duckdb")]
    pub fn of_database(database: &planalign_config::Database) -> Result<Self, RegistryError> {
        use crate::duckdb::{DeferralEscalationRegistry, EnrollmentRegistry};
        Ok(Self::new(vec![
            Box::new(EnrollmentRegistry::new(database.clone())?),
            Box::new(DeferralEscalationRegistry::new(database.clone())?),
        ]))
    }

    /// These registries.
    #[must_use]
    pub fn new(registries: Vec<Box<dyn Registry + 'r>>) -> Self {
        Self { registries }
    }

    /// The registry of this name, for example `enrollment`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&(dyn Registry + 'r)> {
        self.registries.iter().find(|registry| registry.name() == name).map(AsRef::as_ref)
    }

    /// The states at the end of a year.
    pub fn state_snapshot(&self, year: i32) -> Result<Vec<RegistrySnapshot>, RegistryError> {
        self.registries.iter().map(|registry| registry.snapshot(year)).collect()
    }

    /// Forgets what came after the end of a year. Answers what differs from the snapshots of that year then, each with the name of
    /// its registry; an empty list means that the state is that of the snapshots.
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
            let what =
                found.map_or_else(|| Some("nobody follows it".to_owned()), |now| saved.state.difference(&now.state));
            what.map(|what| (saved.registry.clone(), what))
        };
        Ok(snapshots.iter().filter_map(differs).collect())
    }

    /// The registries themselves, for whoever runs a simulation.
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
    fn what_differs_from_the_snapshots_is_named() {
        let mut registries = ["enrollment", "deferral_escalation"].map(InMemoryRegistry::new);
        for registry in &mut registries {
            registry.holds(2025, 40);
            registry.update(2025, 2025).expect("updated");
        }
        let boxed = registries.iter().map(|registry| Box::new(registry.clone()) as Box<dyn Registry>).collect();
        let mut manager = RegistryManager::new(boxed);
        let saved = manager.state_snapshot(2025).expect("described");
        assert_eq!(manager.restore_from_snapshot(2025, &saved).expect("restored"), []);
        registries[0].holds(2025, 41);
        registries[0].update(2025, 2025).expect("updated");
        let (name, what) = ("enrollment".to_owned(), "41 rows instead of 40".to_owned());
        assert_eq!(manager.restore_from_snapshot(2025, &saved).expect("restored"), [(name, what)]);
        assert_eq!(manager.get("enrollment").map(Registry::name), Some("enrollment"));
        assert!(manager.get("vesting").is_none());
        assert_eq!(manager.into_registries().len(), 2);
    }
}
