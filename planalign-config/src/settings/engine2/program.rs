//! Keys for files, the machine, and the program.

use super::entry::ONE_WAITING_PERIOD;
use super::{Key, kept, planned, refused, renamed};

const CALENDAR_YEAR: &str = "the plan year is the calendar year";
const OWN_YEAR: &str = "rerunning a year replaces its rows; to start over, run `planalign simulate --restart`";
const ONE_DIAL: &str =
    "results don't depend on it; set limits with `optimization.threads` and `optimization.memory_limit_gb`";

pub(super) const KEYS: &[Key] = &[
    renamed("setup.census_parquet_path", "census.path", ""),
    renamed("setup.eligibility_waiting_period_days", "plan_eligibility.waiting_period_days", ONE_WAITING_PERIOD),
    refused("setup.plan_year_start_date", CALENDAR_YEAR),
    refused("setup.plan_year_end_date", CALENDAR_YEAR),
    refused("setup.enforce_contracts", "models have no contracts; validation rules and dbt tests check the tables"),
    refused("setup.clear_tables", OWN_YEAR),
    refused("setup.clear_mode", OWN_YEAR),
    refused("setup.clear_table_patterns", OWN_YEAR),
    refused("setup.*", "use `census` and `plan_eligibility`; there is nothing else to set up"),
    refused("plan_year.*", CALENDAR_YEAR),
    refused(
        "simulation_effective_date",
        "no PlanAlign Engine 2 file sets this variable; the census is as of Dec 31 of the year before the start year",
    ),
    refused("multi_year.*", "PlanAlign Engine 2 ignores it too; the years are set in `simulation`"),
    planned(
        "ensemble.*",
        "a run has one seed, `simulation.random_seed`; for several seeds, use a separate run and database for each",
    ),
    refused("optimization.execution_engine", "there is one way to build the models"),
    refused("optimization.level", ONE_DIAL),
    renamed("optimization.max_workers", "optimization.workers", ""),
    refused("optimization.batch_size", ONE_DIAL),
    kept("optimization.memory_limit_gb", "limits the database engine here; has no effect in PlanAlign Engine 2"),
    refused(
        "optimization.event_generation.*",
        "PlanAlign Engine 2 ignores it too; events are models in the dbt project",
    ),
    renamed("optimization.e068c_threading.dbt_threads", "optimization.threads", ""),
    refused("optimization.e068c_threading.*", ONE_DIAL),
    refused("optimization.adaptive_memory.*", ONE_DIAL),
    refused("orchestrator.*", ONE_DIAL),
    refused(
        "production_safety.*",
        "each stage commits as a whole; to keep results, copy the database file or use another one with `--database`",
    ),
    refused("storage.*", "runs aren't archived; each scenario uses the database file given with `--database`"),
    refused("ops.*", "PlanAlign Engine 2 ignores it too; there is no service to operate"),
    refused("corporate_network.*", "simulations don't use the network"),
];
