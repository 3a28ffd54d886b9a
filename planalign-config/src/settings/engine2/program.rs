//! Keys of the files, the machine and the program.

use super::entry::ONE_WAITING_PERIOD;
use super::{Key, kept, planned, refused, renamed};

const CALENDAR_YEAR: &str = "the plan year is the calendar year";
const OWN_YEAR: &str = "a year that runs again replaces its own rows; `planalign simulate --restart` begins anew";
const ONE_DIAL: &str =
    "results do not depend on it; the limits are `optimization.threads` and `optimization.memory_limit_gb`";

pub(super) const KEYS: &[Key] = &[
    renamed("setup.census_parquet_path", "census.path", ""),
    renamed("setup.eligibility_waiting_period_days", "plan_eligibility.waiting_period_days", ONE_WAITING_PERIOD),
    refused("setup.plan_year_start_date", CALENDAR_YEAR),
    refused("setup.plan_year_end_date", CALENDAR_YEAR),
    refused("setup.enforce_contracts", "no model has a contract; rules and dbt tests check the tables"),
    refused("setup.clear_tables", OWN_YEAR),
    refused("setup.clear_mode", OWN_YEAR),
    refused("setup.clear_table_patterns", OWN_YEAR),
    refused("setup.*", "there is nothing to set up but `census` and `plan_eligibility`"),
    refused("plan_year.*", CALENDAR_YEAR),
    refused(
        "simulation_effective_date",
        "no file of PlanAlign Engine 2 sets this variable either; the census is as of Dec 31 before the start year",
    ),
    refused("multi_year.*", "PlanAlign Engine 2 does not read it either; `simulation` has the years"),
    planned("ensemble.*", "a run has one seed, `simulation.random_seed`; run several, each with a database of its own"),
    refused("optimization.execution_engine", "there is one way to build the models"),
    refused("optimization.level", ONE_DIAL),
    refused("optimization.max_workers", ONE_DIAL),
    refused("optimization.batch_size", ONE_DIAL),
    kept("optimization.memory_limit_gb", "limits the database engine here; in PlanAlign Engine 2 nothing"),
    refused(
        "optimization.event_generation.*",
        "PlanAlign Engine 2 does not read it either; events are models of the dbt project",
    ),
    renamed("optimization.e068c_threading.dbt_threads", "optimization.threads", ""),
    refused("optimization.e068c_threading.*", ONE_DIAL),
    refused("optimization.adaptive_memory.*", ONE_DIAL),
    refused("orchestrator.*", ONE_DIAL),
    refused(
        "production_safety.*",
        "each stage is committed as a whole; to keep results, copy the database file or name another with `--database`",
    ),
    refused("storage.*", "no runs are archived; each scenario has the database file that `--database` names"),
    refused("ops.*", "PlanAlign Engine 2 does not read it either; there is no service to operate"),
    refused("corporate_network.*", "a simulation uses no network"),
];
