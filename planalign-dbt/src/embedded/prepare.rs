//! Finds what the engine rejects before anything is built.

use std::collections::BTreeSet;

use super::jinja::context::lock;
use super::run::EmbeddedRunner;
use crate::runner::{RunnerError, Vars};

impl EmbeddedRunner {
    /// Creates the relations of nodes as a build would, but without the rows of models, so that the engine checks every name and
    /// type in them and computes nothing. Then checks tests in the same way.
    ///
    /// Returns the problems. `unprepared` has the nodes that aren't there because of earlier ones; those that read them are added,
    /// and tests that do are left out.
    pub fn prepare(
        &mut self,
        nodes: &[String],
        tests: &[String],
        vars: &Vars,
        unprepared: &mut BTreeSet<String>,
    ) -> Result<Vec<RunnerError>, RunnerError> {
        let mut session = self.session(vars)?;
        session.is_empty = true;
        lock(&session.catalog).forget_views();
        let mut problems = Vec::new();
        for name in nodes {
            let node = self.node(name)?;
            let is_ready = node.declared.record.refs.is_disjoint(unprepared);
            let prepared = if is_ready { self.run_node(node, &session).map(drop) } else { Ok(()) };
            if !is_ready || prepared.is_err() {
                unprepared.insert(name.clone());
            }
            problems.extend(prepared.err());
        }
        for test in self.described_tests() {
            let is_ready = test.depends_on.iter().all(|node| !unprepared.contains(node));
            if is_ready && tests.contains(&test.name) {
                problems.extend(self.run_test(self.test_named(&test.name)?, &session).err());
            }
        }
        Ok(problems)
    }
}
