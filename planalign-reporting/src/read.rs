//! Reads a year's metrics from the tables, in three queries.

use std::collections::BTreeMap;

use planalign_config::{Row, Rows, Tables, Value};
use planalign_registries::{FingerprintKind, JournalView, OpenFinding, RunEvent, RunEventKind, RunRecord};

use crate::fixed::{Fixed, Money, Rate};
use crate::reports::{ReadError, ReportError, ReportSource};
use crate::summary::EVENT_TYPES;
use crate::year_audit::{
    AuditFinding, Contributions, Employer, FindingCounts, Headcount, LAYOUT_VERSION, Limits, Participation, Pay,
    Provenance, Resume, YearAudit,
};

/// Reads the audit of one year of a run.
pub fn read_year(year: i32, source: &ReportSource<'_>) -> Result<YearAudit, ReportError> {
    let read = || Source::new(source)?.year(year);
    read().map_err(|cause| ReportError::Read { report: format!("the audit of {year}"), cause })
}

/// The run to report on, and its tables.
struct Source<'a> {
    tables: &'a dyn Tables,
    run: RunRecord,
    fingerprints: BTreeMap<FingerprintKind, String>,
    events: Vec<RunEvent>,
}

const HEADCOUNT: &str = "
    select opening_headcount, target_headcount, compensation_limit
    from int_workforce_needs
    inner join int_irs_limits using (simulation_year)
    where simulation_year = $1";

/// One row per detailed status and participation detail; adding them up gives the year's totals.
const PEOPLE: &str = "
    select
        detailed_status_code,
        participation_status_detail,
        employment_status = 'active' as is_active,
        count(*) as people,
        count(*) filter (current_eligibility_status = 'eligible') as eligible,
        count(*) filter (is_enrolled_flag) as enrolled,
        count(*) filter (current_deferral_rate > 0) as participating,
        sum(current_deferral_rate) as rates,
        sum(current_compensation) as pay,
        sum(prorated_annual_compensation) as earned,
        count(*) filter (prorated_annual_contributions > 0) as contributors,
        sum(prorated_annual_contributions) as contributed,
        sum(catch_up_deferrals) as catch_up,
        count(*) filter (catch_up_deferrals > 0) as made_catch_up,
        count(*) filter (employer_match_amount > 0) as match_people,
        sum(employer_match_amount) as matched,
        count(*) filter (employer_core_amount > 0) as core_people,
        sum(employer_core_amount) as core,
        sum(total_employer_contributions) as employer,
        count(*) filter (irs_limit_reached) as reached_402g,
        count(*) filter (prorated_annual_compensation > $2) as above_401a17
    from fct_workforce_snapshot
    where simulation_year = $1
    group by all
    order by all";

const EVENTS: &str = "
    select event_type, event_category, count(*) as events
    from fct_yearly_events
    where simulation_year = $1
    group by all
    union all
    select null, null, count(*) filter (is_capped)
    from fct_employer_match_events
    where simulation_year = $1";

/// Events by type and category, and the number of matches reduced by the cap.
struct EventCounts {
    types: BTreeMap<String, u64>,
    categories: BTreeMap<String, u64>,
    match_capped: u64,
}

impl<'a> Source<'a> {
    fn new(&ReportSource { run_id, tables, runs, journal }: &ReportSource<'a>) -> Result<Self, ReadError> {
        let run = runs.runs()?.into_iter().find(|r| r.run_id == run_id);
        let run = run.ok_or_else(|| unreadable(format!("the database has no run `{run_id}`")))?;
        let fingerprints = runs.fingerprints(run_id)?.digests();
        let events = journal.events(run_id)?;
        Ok(Self { tables, run, fingerprints, events })
    }

    fn year(&self, year: i32) -> Result<YearAudit, ReadError> {
        let needs = self.query(HEADCOUNT, year, &[])?;
        let needs =
            needs.rows.first().ok_or_else(|| unreadable(format!("`int_workforce_needs` has no row for {year}")))?;
        let people = People::read(self, year, needs.value("compensation_limit")?)?;
        let EventCounts { types: events, categories: event_categories, match_capped } = self.events(year)?;
        let findings: Vec<AuditFinding> = JournalView::new(&self.events).findings_of(year).map(audit_finding).collect();
        Ok(YearAudit {
            layout_version: LAYOUT_VERSION,
            year,
            provenance: self.provenance(year),
            headcount: people.headcount(count(needs, "opening_headcount")?, count(needs, "target_headcount")?),
            events,
            event_categories,
            pay: people.pay(),
            participation: people.participation(),
            contributions: people.contributions(),
            employer: people.employer(),
            limits: Limits {
                reached_402g: people.all.reached_402g,
                made_catch_up: people.all.made_catch_up,
                above_401a17: people.all.above_401a17,
                match_capped,
            },
            finding_counts: FindingCounts::of(&findings),
            findings,
        })
    }

    fn provenance(&self, year: i32) -> Provenance {
        Provenance {
            run_id: self.run.run_id.clone(),
            scenario_id: self.run.scenario_id.clone(),
            plan_design_id: self.run.plan_design_id.clone(),
            start_year: self.run.start_year,
            random_seed: self.run.seed,
            program_version: self.run.program_version.clone(),
            engine_version: self.run.engine_version.clone(),
            fingerprints: self.fingerprints.clone(),
            resumes: JournalView::new(&self.events).resumes_before_end_of(year).filter_map(resume).collect(),
        }
    }

    fn events(&self, year: i32) -> Result<EventCounts, ReadError> {
        let mut types: BTreeMap<String, u64> = EVENT_TYPES.map(|name| (name.to_owned(), 0)).into();
        let mut categories = BTreeMap::new();
        let mut match_capped = 0;
        for row in self.query(EVENTS, year, &[])?.rows {
            let count = count(&row, "events")?;
            match (row.text("event_type")?, row.text("event_category")?) {
                (Some(event_type), Some(category)) => {
                    *types.entry(event_type).or_default() += count;
                    *categories.entry(category).or_default() += count;
                }
                _ => match_capped = count,
            }
        }
        Ok(EventCounts { types, categories, match_capped })
    }

    fn query(&self, sql: &str, year: i32, more: &[Value]) -> Result<Rows, ReadError> {
        let mut parameters = vec![year.into()];
        parameters.extend_from_slice(more);
        Ok(self.tables.query(sql, &parameters)?)
    }
}

fn audit_finding(finding: &OpenFinding<'_>) -> AuditFinding {
    let OpenFinding { stage, rule, severity, message, count, .. } = *finding;
    AuditFinding { stage: stage.to_owned(), rule: rule.to_owned(), severity, message: message.to_owned(), count }
}

fn resume(event: &RunEvent) -> Option<Resume> {
    match &event.kind {
        RunEventKind::RunResumed { by, .. } => Some(Resume { at: event.timestamp, by: by.clone() }),
        _ => None,
    }
}

fn count(row: &Row, column: &str) -> Result<u64, ReadError> {
    let count = row.integer(column)?.and_then(|i| u64::try_from(i).ok());
    count.ok_or_else(|| unreadable(format!("column `{column}` is not a count")))
}

/// Returns an exact sum; null is 0.
fn sum<const DIGITS: u32>(row: &Row, column: &str) -> Result<Fixed<DIGITS>, ReadError> {
    match row.value(column)? {
        Value::Null => Some(Fixed::default()),
        Value::Decimal { units, scale } => Fixed::from_scaled(*units, *scale),
        Value::Integer(whole) => Fixed::from_scaled(*whole, 0),
        _ => None,
    }
    .ok_or_else(|| unreadable(format!("column `{column}` is not an exact number")))
}

fn unreadable(cause: String) -> ReadError {
    ReadError::Unusable(cause)
}

/// Counts and sums over people.
#[derive(Clone, Debug, Default)]
struct Sums {
    people: u64,
    eligible: u64,
    enrolled: u64,
    participating: u64,
    rates: Rate,
    pay: Money,
    earned: Money,
    contributors: u64,
    contributed: Money,
    catch_up: Money,
    made_catch_up: u64,
    match_people: u64,
    matched: Money,
    core_people: u64,
    core: Money,
    employer: Money,
    reached_402g: u64,
    above_401a17: u64,
}

impl Sums {
    fn read(row: &Row) -> Result<Self, ReadError> {
        let count = |column| count(row, column);
        let money = |column| sum::<2>(row, column);
        Ok(Self {
            people: count("people")?,
            eligible: count("eligible")?,
            enrolled: count("enrolled")?,
            participating: count("participating")?,
            rates: sum(row, "rates")?,
            pay: money("pay")?,
            earned: money("earned")?,
            contributors: count("contributors")?,
            contributed: money("contributed")?,
            catch_up: money("catch_up")?,
            made_catch_up: count("made_catch_up")?,
            match_people: count("match_people")?,
            matched: money("matched")?,
            core_people: count("core_people")?,
            core: money("core")?,
            employer: money("employer")?,
            reached_402g: count("reached_402g")?,
            above_401a17: count("above_401a17")?,
        })
    }

    fn add(&mut self, other: &Self) {
        self.people += other.people;
        self.eligible += other.eligible;
        self.enrolled += other.enrolled;
        self.participating += other.participating;
        self.rates += other.rates;
        self.pay += other.pay;
        self.earned += other.earned;
        self.contributors += other.contributors;
        self.contributed += other.contributed;
        self.catch_up += other.catch_up;
        self.made_catch_up += other.made_catch_up;
        self.match_people += other.match_people;
        self.matched += other.matched;
        self.core_people += other.core_people;
        self.core += other.core;
        self.employer += other.employer;
        self.reached_402g += other.reached_402g;
        self.above_401a17 += other.above_401a17;
    }
}

/// The people in a year's snapshot.
#[derive(Debug, Default)]
struct People {
    all: Sums,
    active: Sums,
    by_status: BTreeMap<String, u64>,
    /// Active employees by how they came to participate, or why they don't.
    by_detail: BTreeMap<String, u64>,
}

impl People {
    fn read(source: &Source<'_>, year: i32, pay_limit: &Value) -> Result<Self, ReadError> {
        let mut people = Self::default();
        for name in ["continuous_active", "experienced_termination", "new_hire_active", "new_hire_termination"] {
            people.by_status.insert(name.to_owned(), 0);
        }
        for row in source.query(PEOPLE, year, std::slice::from_ref(pay_limit))?.rows {
            let sums = Sums::read(&row)?;
            people.all.add(&sums);
            *people.by_status.entry(row.text("detailed_status_code")?.unwrap_or_default()).or_default() += sums.people;
            if row.boolean("is_active")? == Some(true) {
                people.active.add(&sums);
                *people.by_detail.entry(row.text("participation_status_detail")?.unwrap_or_default()).or_default() +=
                    sums.people;
            }
        }
        if people.all.people == 0 {
            return Err(unreadable(format!("`fct_workforce_snapshot` has no rows for {year}")));
        }
        Ok(people)
    }

    fn headcount(&self, opening: u64, target: u64) -> Headcount {
        let status = |name: &str| self.by_status.get(name).copied().unwrap_or_default();
        let (terminations, new_hire_terminations) = (status("experienced_termination"), status("new_hire_termination"));
        let hires = status("new_hire_active") + new_hire_terminations;
        let closing = self.active.people;
        Headcount {
            opening,
            terminations,
            hires,
            new_hire_terminations,
            closing,
            target,
            growth: Rate::quotient(i128::from(closing) - i128::from(opening), opening.into()),
            hire_termination_ratio: Rate::quotient(hires.into(), (terminations + new_hire_terminations).into()),
            by_status: self.by_status.clone(),
        }
    }

    fn pay(&self) -> Pay {
        let payroll = self.active.pay;
        Pay { payroll, average: payroll.divided_by(self.active.people), earned: self.all.earned }
    }

    fn participation(&self) -> Participation {
        let Sums { eligible, enrolled, participating, rates, .. } = self.active;
        Participation {
            eligible,
            enrolled,
            participating,
            participation_rate: Rate::quotient(participating.into(), eligible.into()),
            average_deferral_rate: rates.divided_by(participating),
            by_detail: self.by_detail.clone(),
        }
    }

    fn contributions(&self) -> Contributions {
        let Sums { contributors, contributed, catch_up, .. } = self.all;
        Contributions { people: contributors, total: contributed, catch_up }
    }

    fn employer(&self) -> Employer {
        let Sums { match_people, matched, core_people, core, employer, earned, .. } = self.all;
        let share_of_earned = Rate::quotient(employer.units(), earned.units());
        Employer { match_people, matched, core_people, core, total: employer, share_of_earned }
    }
}
