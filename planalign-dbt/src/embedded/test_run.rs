//! Runs data tests.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use planalign_config::Value as DbValue;
use serde_json::Value as Json;

use super::config::plain_text;
use super::cte::inject;
use super::failures::Place;
use super::jinja::context::lock;
use super::jinja::relation::Relation;
use super::materialize::Work;
use super::project::{TestKind, TestNode};
use super::run::{EmbeddedRunner, Session};
use super::test_arguments;
use crate::outcome::{Outcome, ResourceType, TestResult, TestStatus};
use crate::runner::{DataTest, Flow, NodeEvent, RunnerError, Vars};

impl EmbeddedRunner {
    /// The tests and what they read.
    pub(crate) fn described_tests(&self) -> Vec<DataTest> {
        let described = |test: &TestNode| {
            let written = self.writers(test).map(|node| node.subject.name.clone());
            let depends_on: BTreeSet<String> = test.declared.record.refs.iter().cloned().chain(written).collect();
            let (name, file) = (test.subject.name.clone(), test.subject.file.clone());
            DataTest { name, file, depends_on: depends_on.into_iter().collect() }
        };
        self.project.tests.iter().map(described).collect()
    }

    /// Runs tests by name. A test that finds something doesn't keep the next one from running.
    pub(crate) fn run_tests(
        &self,
        names: &[String],
        vars: &Vars,
        observer: &mut dyn FnMut(NodeEvent<'_>) -> Flow,
    ) -> Result<Vec<TestResult>, RunnerError> {
        let session = self.session(vars)?;
        let mut results = Vec::with_capacity(names.len());
        for name in names {
            let test = self.test_named(name)?;
            let start = Instant::now();
            if observer(NodeEvent::Started { name, resource_type: ResourceType::Test }) == Flow::Stop {
                return Err(RunnerError::Stopped { before: name.clone() });
            }
            let tested = self.run_test(test, &session);
            let outcome = match &tested {
                Ok(result) => Outcome::Tested(result.clone()),
                Err(error) => Outcome::failed(ResourceType::Test, name, error, start.elapsed()),
            };
            // Whether to go on is asked before the next test.
            let _ = observer(NodeEvent::Finished(&outcome));
            results.push(tested?);
        }
        Ok(results)
    }

    pub(crate) fn test_named(&self, name: &str) -> Result<&TestNode, RunnerError> {
        let unknown = || {
            let hint = planalign_config::did_you_mean(name, self.tests());
            RunnerError::Selection { message: format!("no test is named {name}{hint}") }
        };
        self.project.tests.iter().find(|test| test.subject.name == name).ok_or_else(unknown)
    }

    pub(crate) fn run_test(&self, test: &TestNode, session: &Session) -> Result<TestResult, RunnerError> {
        let start = Instant::now();
        let subject = &test.subject;
        let place = Place::of(subject);
        let sql = session.query(&self.test_sql(test, session)?);
        lock(&session.compiled).insert(subject.unique_id.clone(), sql.clone());
        let config = &subject.config;
        let calculation = config.text("fail_calc").unwrap_or("count(*)");
        let (warn_if, error_if) = (config.text("warn_if").unwrap_or("!= 0"), config.text("error_if").unwrap_or("!= 0"));
        let limited = match config.get("limit") {
            Some(limit) => format!("select * from (\n{sql}\n) as model_limit_subq limit {}", plain_text(limit)),
            None => format!("\n{sql}"),
        };
        let statement = format!(
            "select {calculation} as failures, {calculation} {warn_if} as should_warn, {calculation} {error_if} as should_error from ({limited}\n) as dbt_internal_test"
        );
        let time = Mutex::new(Duration::ZERO);
        let catalog = Mutex::default();
        let work = Work { database: &self.database, catalog: &catalog, relation: &subject.this, place, time: &time };
        if let Some(guard) = &self.guard {
            guard.require_model(&statement, place, &session.database)?;
        }
        let row = work.row(&statement, &sql, 1)?;
        let outcome = outcome(&row, config.text("severity").unwrap_or("error"));
        let (failures, status) = outcome.ok_or_else(|| {
            place.compilation("`fail_calc` returns NULL or a fraction; it must return a whole number")
        })?;
        let limit = if status == TestStatus::Warn { warn_if } else { error_if }.to_owned();
        Ok(TestResult { name: subject.name.clone(), status, failures, limit, sql, elapsed: start.elapsed() })
    }

    /// The query that finds failing rows.
    pub(crate) fn test_sql(&self, test: &TestNode, session: &Session) -> Result<String, RunnerError> {
        if let Some(problem) = &test.problem {
            return Err(problem.clone());
        }
        let subject = &test.subject;
        let context = self.context(subject, &test.declared, session);
        if let TestKind::Generic { model, source, arguments, .. } = &test.kind {
            let relation = self.tested(model.as_deref(), source.as_ref());
            let tested = match subject.config.get("where") {
                Some(condition) => {
                    let condition = self.where_text(condition, &context)?;
                    format!("(select * from {relation} where {condition}) dbt_subquery")
                }
                None => relation.to_string(),
            };
            let values = test_arguments::values(&self.project.env, &context, arguments, tested)
                .map_err(|e| Place::of(subject).rendering(&e, &self.project.world.macros))?;
            context.set_extra("_arguments_", values);
        }
        let sql = self.render(&test.template, &context)?;
        let ctes = self.render_ephemerals(&self.ephemerals_of(&test.declared.record), session)?;
        Ok(inject(&sql, &ctes))
    }

    fn where_text(
        &self,
        condition: &Json,
        context: &std::sync::Arc<super::jinja::context::Context>,
    ) -> Result<String, RunnerError> {
        let subject = &context.subject;
        super::yaml_jinja::evaluate_text(&plain_text(condition), &self.project.env, context)
            .map_err(|e| Place::of(subject).rendering(&e, &self.project.world.macros))
    }

    fn tested(&self, model: Option<&str>, source: Option<&(String, String)>) -> Relation {
        let relations = &self.project.relations;
        let found = model
            .and_then(|name| relations.nodes.get(name))
            .or_else(|| source.and_then(|key| relations.sources.get(key)?.as_ref()));
        found.cloned().unwrap_or_else(|| Relation::new("", "", ""))
    }
}

/// The number of failures and what it means; `None` if it isn't a whole number.
fn outcome(row: &[DbValue], severity: &str) -> Option<(i64, TestStatus)> {
    let truth = |index: usize| matches!(row.get(index), Some(DbValue::Boolean(true)));
    let failures = match row.first()? {
        DbValue::Integer(count) => i64::try_from(*count).unwrap_or(i64::MAX),
        DbValue::Float(number) => number.to_string().parse().ok()?,
        whole => whole.integer()?,
    };
    let status = match (severity.eq_ignore_ascii_case("error"), truth(1), truth(2)) {
        (true, _, true) => TestStatus::Fail,
        (_, true, _) => TestStatus::Warn,
        _ => TestStatus::Pass,
    };
    Some((failures, status))
}
