//! A run from its parts, with a rule and a reporter of one's own: three years of the sample census, and how they grow.
//!
//! `cargo run -p planalign-cli --example growth`, in the folder of the repository.
#![expect(clippy::print_stdout, reason = "an example tells what it found")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use crossbeam_channel::unbounded;
use planalign_config::census::CensusFile;
use planalign_config::clock::{Clock, SystemClock};
use planalign_config::ids::{RandomRunIds, RunIds};
use planalign_config::settings::{Override, Sources, load};
use planalign_config::vars::dbt_vars;
use planalign_config::{Database, DatabaseOptions, Fault};
use planalign_dbt::EmbeddedRunner;
use planalign_pipeline::{ExecuteOptions, Modules, RunPlan, Workflow, start};
use planalign_registries::duckdb::{DeferralEscalationRegistry, DuckRunStore, EnrollmentRegistry};
use planalign_registries::{Fingerprints, Registry, RunRecord, RunStatus};
use planalign_reporting::{MultiYearReporter, ReportError, YearAuditor};
use planalign_validation::{Finding, Rule, RuleError, RuleSettings, Severity, rules};

/// A rule: somebody is employed on each of the five levels.
struct EveryLevel(Database);

impl Rule for EveryLevel {
    fn name(&self) -> &'static str {
        "every_level"
    }

    fn check(&self, year: i32) -> Result<Vec<Finding>, RuleError> {
        let sql = "select 5 - count(distinct level_id) from fct_workforce_snapshot \
                   where simulation_year = $1 and employment_status = 'active'";
        let empty = self.0.query_row(sql, &[year.into()]).map_err(|e| RuleError {
            rule: self.name().to_owned(),
            year,
            fault: e.fault(),
            cause: e.to_string(),
        })?;
        let count = empty.and_then(|row| row.integer(0)).and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
        let finding = Finding {
            rule: self.name().to_owned(),
            year,
            severity: Severity::Warning,
            message: format!("nobody is employed on {count} of the five levels"),
            count,
            advice: "give hiring.level_shares".to_owned(),
            rows: None,
        };
        Ok(if count > 0 { vec![finding] } else { Vec::new() })
    }
}

/// A reporter: keeps the headcount at the end of each year, and writes no files.
struct Headcounts {
    database: Database,
    by_year: BTreeMap<i32, i64>,
}

impl YearAuditor for Headcounts {
    fn write_year(&mut self, _run_id: &str, year: i32) -> Result<PathBuf, ReportError> {
        let sql =
            "select count(*) from fct_workforce_snapshot where simulation_year = $1 and employment_status = 'active'";
        let row = self.database.query_row(sql, &[year.into()]).map_err(|e| ReportError::Read {
            report: "headcounts".to_owned(),
            fault: e.fault(),
            cause: e.to_string(),
        })?;
        let headcount = row.and_then(|row| row.integer(0)).ok_or_else(|| ReportError::Read {
            report: "headcounts".to_owned(),
            fault: Fault::Deterministic,
            cause: "a count is missing".to_owned(),
        })?;
        self.by_year.insert(year, headcount);
        Ok(PathBuf::new())
    }

    fn has_year(&self, year: i32) -> bool {
        self.by_year.contains_key(&year)
    }
}

impl MultiYearReporter for Headcounts {
    fn write_summary(&mut self, _: &str, _: i32, _: i32) -> Result<Vec<PathBuf>, ReportError> {
        Ok(Vec::new())
    }
}

/// Prints how three years grow.
fn main() -> Result<(), Box<dyn Error>> {
    run()?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Runs three years and tells their growth.
pub(crate) fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let config = load(&Sources {
        file: PathBuf::from("config/simulation_config.yaml"),
        scenario: None,
        environment: BTreeMap::new(),
        overrides: Override::years(2025, 2027, "this example").into(),
    })?;
    let settings = config.settings;
    let database = Database::in_memory(&DatabaseOptions::default())?;
    let census = CensusFile::inspect(&settings.census.path, &settings.census.columns, &database)?;
    let vars = dbt_vars(&settings, settings.simulation.start_year, &census.path);

    let mut runner = EmbeddedRunner::load("dbt".as_ref(), database.clone(), &vars)?;
    let mut store = DuckRunStore::open(database.clone())?;
    let registries = || -> Result<Vec<Box<dyn Registry>>, Box<dyn Error>> {
        Ok(vec![
            Box::new(EnrollmentRegistry::new(database.clone())?),
            Box::new(DeferralEscalationRegistry::new(database.clone())?),
        ])
    };
    let mut rules = rules(&database, &RuleSettings::from(&settings), registries()?);
    rules.push(Box::new(EveryLevel(database.clone())));
    let names: Vec<String> = rules.iter().map(|rule| rule.name().to_owned()).collect();

    let mut workflow = Workflow::default();
    workflow.add_rules("VALIDATION", &["every_level".to_owned()]);
    let plan = RunPlan::new(&workflow.check(&runner, &names)?, 2025, 2027, None);

    let now = SystemClock.now();
    let run = RunRecord {
        run_id: RandomRunIds.next(now),
        scenario_id: settings.scenario_id.to_string(),
        plan_design_id: settings.plan_design_id.to_string(),
        start_year: plan.start_year(),
        end_year: plan.end_year(),
        seed: settings.simulation.random_seed.into(),
        started_at: now,
        status: RunStatus::Running,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        engine_version: database.engine_version()?,
    };
    let mut headcounts = Headcounts { database: database.clone(), by_year: BTreeMap::new() };
    let modules = Modules {
        unit: &mut database.clone(),
        runner: &mut runner,
        registries: registries()?,
        rules,
        store: &mut store,
        reports: &mut headcounts,
    };
    let (events, _) = unbounded();
    let outcome = start(&plan, &run, &Fingerprints::default(), modules, &ExecuteOptions::new(vars, events))?;

    let mut told = Vec::new();
    let mut before = i64::try_from(census.rows)?;
    for (year, headcount) in headcounts.by_year {
        let growth = 100.0 * (headcount as f64 / before as f64 - 1.0);
        told.push(format!("{year}: {headcount} employed, growth {growth:.2} %"));
        before = headcount;
    }
    told.push(format!("{} errors, {} warnings", outcome.errors, outcome.warnings));
    Ok(told)
}
