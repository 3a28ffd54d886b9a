//! Layers, their order, and how mistakes in them are reported.

use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;
use crate::rate;
use crate::settings::{DEFAULT_CONFIG, EntryDates, Identifier, Workforce};

pub(crate) const IDS: &str = "scenario_id: base\nplan_design_id: standard\n";

/// A configuration given as text.
#[derive(Default)]
pub(crate) struct Given<'t> {
    pub(crate) file: &'t str,
    pub(crate) scenario: Option<&'t str>,
    pub(crate) environment: &'t [(&'t str, &'t str)],
    pub(crate) set: &'t [(&'t str, &'t str)],
}

impl Given<'_> {
    pub(crate) fn load(&self) -> Result<LoadedConfig, ConfigError> {
        let dir = TempDir::new().expect("directory");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).expect("file");
            path
        };
        let sources = Sources {
            file: write("config.yaml", self.file),
            scenario: self.scenario.map(|text| write("scenario.yaml", text)),
            environment: self.environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            overrides: self.set.iter().map(|(key, value)| Override::new(key, value, "--set")).collect(),
        };
        load(&sources)
    }

    #[track_caller]
    pub(crate) fn settings(&self) -> SimulationConfig {
        self.load().unwrap_or_else(|error| panic!("{error}")).settings
    }

    /// The message, with file names in place of paths.
    #[track_caller]
    fn error(&self) -> String {
        let message = self.load().expect_err("must be refused").to_string();
        let without_directory = |line: &str| {
            let start = ["config.yaml:", "scenario.yaml:"].iter().find_map(|name| line.find(name));
            start.map_or(line.to_owned(), |start| format!("  {}", &line[start..]))
        };
        message.lines().map(without_directory).collect::<Vec<_>>().join("\n")
    }

    fn problems(&self) -> Vec<Problem> {
        match self.load() {
            Err(ConfigError::Invalid { problems }) => problems,
            Err(error) => panic!("{error}"),
            Ok(_) => Vec::new(),
        }
    }
}

/// The message for a file that also sets the IDs.
#[track_caller]
fn refused(file: &str) -> String {
    Given { file: &format!("{IDS}{file}"), ..Given::default() }.error()
}

#[test]
fn later_layers_win() {
    let file = format!(
        "{IDS}simulation: {{ start_year: 2024, end_year: 2024, random_seed: 1 }}\nworkforce: {{ total_termination_rate: 0.2 }}"
    );
    let given = Given {
        file: &file,
        scenario: Some("scenario_id: generous\nsimulation: { end_year: 2026, random_seed: 2 }"),
        environment: &[("PLANALIGN_SIMULATION__RANDOM_SEED", "3"), ("PLANALIGN_SIMULATION__END_YEAR", "2027")],
        set: &[("simulation.random_seed", "4"), ("simulation.random_seed", "5")],
    };
    let settings = given.settings();
    let simulation = &settings.simulation;
    assert_eq!((simulation.start_year, simulation.end_year, simulation.random_seed), (2024, 2027, 5));
    assert_eq!((settings.scenario_id.as_str(), settings.plan_design_id.as_str()), ("generous", "standard"));
    let expect = Workforce { total_termination_rate: rate!(0.2), ..Workforce::default() };
    assert_eq!(settings.workforce, expect);
}

#[test]
fn maps_are_merged_and_lists_replaced() {
    let file = format!(
        "{IDS}compensation: {{ promotion_compensation: {{ level_overrides: {{ 1: 0.1, 2: 0.2 }} }} }}\n\
         census: {{ columns: {{ employee_id: Emp No }} }}"
    );
    let given = Given {
        file: &file,
        scenario: Some(
            "compensation: { promotion_compensation: { level_overrides: { 2: 0.3 } } }\n\
             census: { columns: { employee_ssn: 'SSN' } }\n\
             employer_match: { tiers: [{ up_to: 0.06, rate: 1 }] }\n\
             enrollment: { voluntary_enrollment: { base_rates_by_age: { young: 0.5 } } }",
        ),
        ..Given::default()
    };
    let settings = given.settings();
    let overrides: Vec<_> = settings.compensation.promotion_compensation.level_overrides.into_iter().collect();
    assert_eq!(
        overrides.iter().map(|(level, rate)| (level.number(), *rate)).collect::<Vec<_>>(),
        [(1, rate!(0.1)), (2, rate!(0.3))]
    );
    assert_eq!(
        settings.census.columns.into_iter().collect::<Vec<_>>(),
        [("employee_id", "Emp No"), ("employee_ssn", "SSN")].map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    assert_eq!(settings.employer_match.tiers.len(), 1);
    let rates = settings.enrollment.voluntary_enrollment.base_rates_by_age;
    assert_eq!((rates.young, rates.senior), (rate!(0.5), rate!(0.80)));
}

#[test]
fn text_and_null_on_the_command_line_need_no_quotes() {
    let given = Given {
        file: IDS,
        environment: &[("PLANALIGN_SCENARIO_ID", "2026"), ("PLANALIGN_PLAN_ELIGIBILITY__ENTRY_DATES", "semi_annual")],
        set: &[
            ("census.path", "my data #1: new.csv"),
            ("plan_design_id", "\"quoted\""),
            ("compensation.promotion_day", "03-01"),
            ("compensation.merit_budget", "null"),
            ("deferral_auto_escalation.hire_date_cutoff", "2020-01-31"),
            ("enrollment.auto_enrollment.hire_date_cutoff", "null"),
            ("hiring.level_shares", "[0.2, 0.2, 0.2, 0.2, 0.2]"),
            ("census.columns", "{ employee_id: Nummer }"),
        ],
        ..Given::default()
    };
    let settings = given.settings();
    assert_eq!((settings.scenario_id.as_str(), settings.plan_design_id.as_str()), ("2026", "quoted"));
    assert_eq!(settings.census.path.to_str(), Some("my data #1: new.csv"));
    assert_eq!(settings.plan_eligibility.entry_dates, EntryDates::SemiAnnual);
    assert_eq!(settings.compensation.promotion_day.to_string(), "03-01");
    assert_eq!(settings.compensation.merit_budget, None);
    assert_eq!(settings.deferral_auto_escalation.hire_date_cutoff, Some(jiff::civil::date(2020, 1, 31)));
    assert_eq!(settings.enrollment.auto_enrollment.hire_date_cutoff, None);
    assert_eq!(settings.hiring.level_shares, Some([0.2; 5]));
    assert_eq!(settings.census.columns["employee_id"], "Nummer");
}

#[test]
fn years_on_the_command_line_are_ordinary_settings() {
    let [start, end] = Override::years(2026, 2024, "the years 2026-2024");
    let dir = TempDir::new().expect("directory");
    let file = dir.path().join("config.yaml");
    fs::write(&file, IDS).expect("file");
    let error =
        load(&Sources { file, overrides: vec![start, end], ..Sources::default() }).expect_err("end before start");
    assert_snapshot!(error, @"
    the configuration has 1 problem
      the years 2026-2024: simulation.end_year: 2024 is invalid; expected 2026 or later, because simulation.start_year is 2026
    ");
}

#[test]
fn all_problems_in_a_file_are_reported_at_once() {
    let file = "scenario_id: two words
simulation:
  start_year: 2029
  end_year: 2025
  strat_year: 2025
workforce:
  total_termination_rate: 1.2
plan_eligibility:
  minimum_age: 25
hiring:
  level_shares: [0.5, 0.5]
deferrals:
  catch_up: sometimes
";
    assert_snapshot!(Given { file, ..Given::default() }.error(), @r#"
    the configuration has 8 problems
      config.yaml:1:1: plan_design_id: missing, expected 1 to 64 letters, digits, _, or -
      config.yaml:1:14: scenario_id: "two words" is invalid; expected 1 to 64 letters, digits, _, or -
      config.yaml:4:3: simulation.end_year: 2025 is invalid; expected 2029 or later, because simulation.start_year is 2029
      config.yaml:5:3: simulation.strat_year: unknown key; did you mean `simulation.start_year`?
      config.yaml:7:27: workforce.total_termination_rate: 1.2 is invalid; expected a number from 0 to 1
      config.yaml:9:16: plan_eligibility.minimum_age: 25 is invalid; expected a whole number from 0 to 21 (IRC 410(a)(1)(A))
      config.yaml:11:17: hiring.level_shares: [0.5, 0.5] is invalid; expected a list of 5 numbers from 0 to 1 that add up to 1, or null
      config.yaml:13:13: deferrals.catch_up: "sometimes" is invalid; expected true or false
    "#);
}

#[test]
fn environment_settings_are_listed() {
    let names = ["PLANALIGN_SCENARIO_ID", "PLANALIGN_LOG", "PLANALIGN_CENSUS__PATH", "OTHER__THING", "PLANALIGN_"];
    let environment = names.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
    let sources = Sources { environment, ..Sources::default() };
    assert_eq!(sources.environment_settings(), ["PLANALIGN_CENSUS__PATH", "PLANALIGN_SCENARIO_ID"]);
}

#[test]
fn problems_in_all_layers_are_reported_even_if_a_later_layer_overrides_them() {
    let given = Given {
        file: &format!("{IDS}compensation: {{ cola_rate: high }}"),
        scenario: Some("employer_match:\n  tier: []"),
        environment: &[
            ("PLANALIGN_COMPENSATION__MERIT_BUDGET", "-1"),
            ("PLANALIGN_COMPENSATION_COLA_RATE", "0.5"),
            ("PLANALIGN_SIMULATION__SEED", "1"),
            ("PLANALIGN_SIMULATION__END_YEAR", ""),
            ("PLANALIGN_LOG", "debug"),
            ("PLANALIGN_DATABASE", "a.duckdb"),
            ("OTHER__THING", "1"),
        ],
        set: &[
            ("compensation.cola_rate", "0.02"),
            ("simulation", "5"),
            ("hiring.level_shares", "[0.2"),
            ("census.path", ""),
            ("", "1"),
            ("..", "1"),
        ],
    };
    assert_snapshot!(given.error(), @r#"
    the configuration has 11 problems
      config.yaml:3:28: compensation.cola_rate: "high" is invalid; expected a number from 0 to 1
      scenario.yaml:2:3: employer_match.tier: unknown key; did you mean `employer_match.tiers`?
      PLANALIGN_COMPENSATION_COLA_RATE: compensation_cola_rate: unknown key; did you mean `PLANALIGN_COMPENSATION__COLA_RATE`?
      PLANALIGN_COMPENSATION__MERIT_BUDGET: compensation.merit_budget: -1 is invalid; expected a number from 0 to 1, or null
      PLANALIGN_SIMULATION__END_YEAR: simulation.end_year: missing, expected a whole number from 2000 to 2100
      PLANALIGN_SIMULATION__SEED: simulation.seed: unknown key; did you mean `simulation.random_seed`?
      --set: not a valid key; keys look like `simulation.start_year`
      --set: ..: not a valid key; keys look like `simulation.start_year`
      --set: census.path: missing, expected text
      --set: hiring.level_shares: while parsing a flow sequence, expected ',' or ']'
      --set: simulation: 5 is invalid; expected a section with end_year, random_seed, start_year, target_growth_rate
    "#);
}

#[test]
fn invalid_yaml_is_reported_with_its_line() {
    assert_snapshot!(refused("simulation:\n  start_year: [2025\n  end_year: 2026\n"), @"
    the configuration has 1 problem
      config.yaml:5:11: illegal placement of ':' indicator
    ");
    assert_snapshot!(refused("simulation:\n\tstart_year: 2025\n"), @"
    the configuration has 1 problem
      config.yaml:4:2: tabs disallowed within this context (block indentation)
    ");
}

#[test]
fn a_key_given_twice_is_reported() {
    assert_snapshot!(refused("simulation:\n  start_year: 2025\n  start_year: 2026\nsimulation: {}\n"), @"
    the configuration has 2 problems
      config.yaml:5:3: simulation.start_year: given twice, first on line 4
      config.yaml:6:1: simulation: given twice, first on line 3
    ");
}

#[test]
fn unknown_keys_are_reported_with_a_suggestion() {
    let file = "vesting: { schedule: cliff }
employer: null
simulaton: { start_year: 2025 }
plan_eligible: { waiting_period_days: 30 }
enrollment:
  rehires: { enabled: true }
  automatic_enrollment: { enabled: true }
  voluntary_enrollment: { deferral_rates: { young: { lowest: 0.1 } } }
employer_match: { stretch: true, eligibility: { allow_new_hire: true } }
employer_core_contribution: { on: true }
new_hire: { bonus: {} }
compensation: { promotion_date: 02-01, promotion_compensation: { level_overrides: { 5: 0.1, VP: 0.2 } } }
census: { columns: { employe_id: X, gross_pay: Y } }
minimum_age: 18
";
    assert_snapshot!(refused(file), @"
    the configuration has 17 problems
      config.yaml:3:1: vesting: unknown key; allowed here: census, compensation, dbt, deferral_auto_escalation, deferrals, employer_core_contribution, employer_match, enrollment, hiring, irs_limits, new_hire, optimization, plan_design_id, plan_eligibility, scenario_id, simulation, validation, workflow, workforce
      config.yaml:4:1: employer: unknown key; did you mean `employer_core_contribution`?
      config.yaml:5:1: simulaton: unknown key; did you mean `simulation`?
      config.yaml:6:1: plan_eligible: unknown key; did you mean `plan_eligibility`?
      config.yaml:8:3: enrollment.rehires: unknown key; allowed here: auto_enrollment, voluntary_enrollment
      config.yaml:9:3: enrollment.automatic_enrollment: unknown key; did you mean `enrollment.auto_enrollment`?
      config.yaml:10:54: enrollment.voluntary_enrollment.deferral_rates.young.lowest: unknown key; allowed here: executive, high, low, moderate
      config.yaml:11:19: employer_match.stretch: unknown key; allowed here: active_formula, compensation, eligibility, match_cap_percent, match_catch_up, tiers
      config.yaml:11:49: employer_match.eligibility.allow_new_hire: unknown key; did you mean `employer_match.eligibility.allow_new_hires`?
      config.yaml:12:31: employer_core_contribution.on: unknown key; allowed here: contribution_rate, eligibility, status
      config.yaml:13:13: new_hire.bonus: unknown key; allowed here: age_distribution, job_level_compensation, market_scenario, range_position_std_dev
      config.yaml:14:17: compensation.promotion_date: unknown key; did you mean `compensation.promotion_day`?
      config.yaml:14:85: compensation.promotion_compensation.level_overrides.5: unknown key; allowed here: 1, 2, 3, 4
      config.yaml:14:93: compensation.promotion_compensation.level_overrides.VP: unknown key; allowed here: 1, 2, 3, 4
      config.yaml:15:22: census.columns.employe_id: unknown key; did you mean `employee_id`?
      config.yaml:15:37: census.columns.gross_pay: unknown key; allowed here: employee_id, employee_ssn, employee_birth_date, employee_hire_date, employee_rehire_date, employee_service_date, employee_termination_date, employee_second_termination_date, employee_status, employee_gross_compensation, employee_deferral_rate, employee_roth_deferral_rate, scheduled_hours_per_week, auto_escalation_opt_out, eligibility_override
      config.yaml:16:1: minimum_age: unknown key; did you mean `plan_eligibility.minimum_age`?
    ");
}

#[test]
fn wrong_types_are_reported() {
    let file = "simulation: [2025]
census: { path: 5, columns: [a], max_rejected_share: null }
workforce: null
hiring: { monthly_shares: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, x] }
new_hire:
  age_distribution: [22, { age: 22 }, { age: 13, weight: 0, wieght: 1 }, { age: 22.5, weight: .nan }]
  market_scenario: Baseline
compensation:
  raise_timing: { day: 02-29, method: fixed }
  promotion_day: 7
plan_eligibility: { entry_dates: annual, waiting_period_days: 1.0 }
enrollment: { auto_enrollment: { hire_date_cutoff: 2025-02-30, enabled: yes, window_days: '5' } }
deferral_auto_escalation: { hire_date_cutoff: 20250101 }
deferrals: { maximum_rate: 0.1234567 }
";
    assert_snapshot!(refused(file), @r#"
    the configuration has 24 problems
      config.yaml:3:13: simulation: [2025] is invalid; expected a section with end_year, random_seed, start_year, target_growth_rate
      config.yaml:4:17: census.path: 5 is invalid; expected text
      config.yaml:4:29: census.columns: ["a"] is invalid; expected a map with any of the keys employee_id, employee_ssn, employee_birth_date, employee_hire_date, employee_rehire_date, employee_service_date, employee_termination_date, employee_second_termination_date, employee_status, employee_gross_compensation, employee_deferral_rate, employee_roth_deferral_rate, scheduled_hours_per_week, auto_escalation_opt_out, eligibility_override, each with text
      config.yaml:4:54: census.max_rejected_share: null is invalid; expected a number from 0 to 1
      config.yaml:5:12: workforce: null is invalid; expected a section with first_full_year_rate, new_hire_termination_rate, part_time_new_hire_pct, total_termination_rate
      config.yaml:6:27: hiring.monthly_shares: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "x"] is invalid; expected a list of 12 numbers from 0 to 1 that add up to 1, or null
      config.yaml:8:22: new_hire.age_distribution[0]: 22 is invalid; expected a map with age, weight
      config.yaml:8:26: new_hire.age_distribution[1].weight: missing, expected a number from 0.000001 to 1000000
      config.yaml:8:46: new_hire.age_distribution[2].age: 13 is invalid; expected a whole number from 14 to 100
      config.yaml:8:58: new_hire.age_distribution[2].weight: 0 is invalid; expected a number from 0.000001 to 1000000
      config.yaml:8:61: new_hire.age_distribution[2].wieght: unknown key; did you mean `weight`?
      config.yaml:8:81: new_hire.age_distribution[3].age: 22.5 is invalid; expected a whole number from 14 to 100
      config.yaml:8:95: new_hire.age_distribution[3].weight: NaN is invalid; expected a number from 0.000001 to 1000000
      config.yaml:9:20: new_hire.market_scenario: "Baseline" is invalid; expected one of conservative, baseline, competitive, aggressive
      config.yaml:11:24: compensation.raise_timing.day: "02-29" is invalid; expected a day MM-DD that exists in every year
      config.yaml:11:39: compensation.raise_timing.method: "fixed" is invalid; expected one of fixed_day, monthly_shares
      config.yaml:12:18: compensation.promotion_day: 7 is invalid; expected a day MM-DD that exists in every year
      config.yaml:13:34: plan_eligibility.entry_dates: "annual" is invalid; expected one of immediate, monthly, quarterly, semi_annual (annual dates could delay entry longer than IRC 410(a)(4) allows)
      config.yaml:13:63: plan_eligibility.waiting_period_days: 1.0 is invalid; expected a whole number from 0 to 365 (one year of service, IRC 410(a)(1)(A))
      config.yaml:14:52: enrollment.auto_enrollment.hire_date_cutoff: "2025-02-30" is invalid; expected a date YYYY-MM-DD, or null
      config.yaml:14:73: enrollment.auto_enrollment.enabled: "yes" is invalid; expected true or false
      config.yaml:14:91: enrollment.auto_enrollment.window_days: "5" is invalid; expected a whole number from 0 to 365
      config.yaml:15:47: deferral_auto_escalation.hire_date_cutoff: 20250101 is invalid; expected a date YYYY-MM-DD, or null
      config.yaml:16:28: deferrals.maximum_rate: 0.1234567 is invalid; expected a number with at most six decimals
    "#);
}

#[test]
fn files_contain_one_plain_document() {
    assert_snapshot!(refused("--- \nsimulation: {}\n"), @"
    the configuration has 1 problem
      config.yaml:3:1: a second document starts here; only one is allowed
    ");
    assert_snapshot!(refused("a: &x 1\nb: *x\n"), @"
    the configuration has 1 problem
      config.yaml:3:4: anchors are not supported; repeat the value
    ");
    assert_snapshot!(refused("a: !!str 1\n"), @"
    the configuration has 1 problem
      config.yaml:3:4: tags are not supported; quote a value to make it text
    ");
    assert_snapshot!(refused("[a]: 1\n"), @"
    the configuration has 1 problem
      config.yaml:3:1: a list or map cannot be a key
    ");
    assert_snapshot!(Given { file: "- a\n", ..Given::default() }.error(), @r#"
    the configuration has 1 problem
      config.yaml:1:1: ["a"] is invalid; expected a section with census, compensation, dbt, deferral_auto_escalation, deferrals, employer_core_contribution, employer_match, enrollment, hiring, irs_limits, new_hire, optimization, plan_design_id, plan_eligibility, scenario_id, simulation, validation, workflow, workforce
    "#);
    assert_snapshot!(refused(&format!("a: {}{}\n", "[".repeat(20), "]".repeat(20))), @"
    the configuration has 1 problem
      config.yaml:3:19: nested too deeply
    ");
}

#[test]
fn a_file_without_settings_lacks_only_the_ids() {
    for file in ["", "# nothing\n", "---\n", "null\n", "{}\n", "\u{feff}# nothing\r\n"] {
        let keys: Vec<_> = Given { file, ..Given::default() }.problems().into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["plan_design_id", "scenario_id"], "{file:?}");
    }
}

#[test]
fn unreadable_files_have_their_own_error() {
    let dir = TempDir::new().expect("directory");
    let missing = load(&Sources { file: dir.path().join("no.yaml"), ..Sources::default() }).expect_err("missing");
    assert!(matches!(&missing, ConfigError::Unreadable { path, .. } if path.ends_with("no.yaml")), "{missing}");
    assert_eq!(missing.fault(), crate::Fault::Deterministic);

    let file = dir.path().join("latin1.yaml");
    fs::write(&file, b"scenario_id: caf\xe9\n").expect("file");
    let encoded = load(&Sources { file, ..Sources::default() }).expect_err("not UTF-8");
    assert!(crate::full_message(&encoded).contains("UTF-8"), "{encoded}");

    let forbidden =
        ConfigError::Unreadable { path: PathBuf::new(), cause: std::io::ErrorKind::PermissionDenied.into() };
    assert_eq!(forbidden.fault(), crate::Fault::Permission);
}

#[test]
fn each_setting_has_its_origin() {
    let given = Given {
        file: &format!(
            "{IDS}simulation:\n  random_seed: 7\ncensus: {{ columns: {{ employee_id: Id, employee_ssn: S }} }}\n"
        ),
        scenario: Some("enrollment:\n  voluntary_enrollment:\n    base_rates_by_age: { young: 0.5 }\n"),
        environment: &[("PLANALIGN_SIMULATION__END_YEAR", "2030")],
        set: &[("employer_match", "{ match_cap_percent: 0.05 }"), ("simulation.start_year", "2026")],
    };
    let origins = given.load().expect("valid").origins;
    let shown: Vec<String> = origins
        .iter()
        .filter(|(_, _, origin)| **origin != Origin::Default)
        .map(|(key, value, origin)| {
            let origin = origin.to_string();
            format!("{key} = {value} from {}", origin.rsplit('/').next().unwrap_or_default())
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    census.columns.employee_id = "Id" from config.yaml:5:22
    census.columns.employee_ssn = "S" from config.yaml:5:39
    employer_match.match_cap_percent = 0.05 from --set
    enrollment.voluntary_enrollment.base_rates_by_age.young = 0.5 from scenario.yaml:3:26
    plan_design_id = "standard" from config.yaml:2:1
    scenario_id = "base" from config.yaml:1:1
    simulation.end_year = 2030 from PLANALIGN_SIMULATION__END_YEAR
    simulation.random_seed = 7 from config.yaml:4:3
    simulation.start_year = 2026 from --set
    "#);
    assert_eq!(origins.get("enrollment.voluntary_enrollment.base_rates_by_age.senior"), Some(&Origin::Default));
    assert_eq!(origins.value("hiring.level_shares"), Some(&serde_json::Value::Null));
    assert_eq!((origins.get("no.such_key"), origins.value("no.such_key")), (None, None));
}

#[test]
fn the_default_file_has_valid_ids() {
    let settings = Given { file: DEFAULT_CONFIG, ..Given::default() }.settings();
    assert_eq!(settings.scenario_id, "baseline".parse::<Identifier>().expect("id"));
}

#[test]
fn settings_from_code_are_checked_like_a_file() {
    let mut settings = SimulationConfig::default();
    assert_eq!(check(&settings).expect("valid defaults"), settings);
    settings.simulation.end_year = 2020;
    settings.deferrals.maximum_rate = rate!(7.5);
    settings.optimization.memory_limit_gb = Some(rate!(0.0));
    let problems = check(&settings).expect_err("refused").to_string();
    for key in ["simulation.end_year", "deferrals.maximum_rate", "optimization.memory_limit_gb"] {
        assert!(problems.contains(key), "{key}: {problems}");
    }
}
