//! The tables of a year.

use planalign_config::Database;

use super::records::{People, Record, by_person, of_year};
use super::year::Event;

/// What the database contains about a year.
pub(super) struct Tables {
    pub(super) events: Vec<Event>,
    pub(super) needs: Vec<Record>,
    pub(super) needs_by_level: Vec<Record>,
    pub(super) limits: Vec<Record>,
    pub(super) hires: People,
    pub(super) opening: People,
    pub(super) state: People,
    pub(super) enrollment: People,
    pub(super) deferral: People,
    pub(super) escalation: People,
    pub(super) contributions: People,
    pub(super) eligibility: People,
    pub(super) matches: People,
    pub(super) core: People,
    pub(super) snapshot: People,
}

impl Tables {
    pub(super) fn read(database: &Database, year: i16) -> Self {
        let people = |table| by_person(database, table, year);
        let rows = |table, order| of_year(database, table, year, order);
        Self {
            events: rows("fct_yearly_events", "employee_id, event_sequence").iter().map(Event::read).collect(),
            needs: rows("int_workforce_needs", "simulation_year"),
            needs_by_level: rows("int_workforce_needs_by_level", "level_id"),
            limits: rows("int_irs_limits", "simulation_year"),
            hires: people("int_hiring_events"),
            opening: people("int_employee_compensation_by_year"),
            state: people("int_workforce_state"),
            enrollment: people("int_enrollment_state_accumulator"),
            deferral: people("int_deferral_rate_state_accumulator"),
            escalation: people("int_deferral_escalation_state_accumulator"),
            contributions: people("int_employee_contributions"),
            eligibility: people("int_employer_eligibility"),
            matches: people("fct_employer_match_events"),
            core: people("int_employer_core_contributions"),
            snapshot: people("fct_workforce_snapshot"),
        }
    }

    /// The tables with a row for everyone employed in the year.
    pub(super) fn with_everyone(&self) -> [(&'static str, &People); 7] {
        [
            ("int_workforce_state", &self.state),
            ("int_enrollment_state_accumulator", &self.enrollment),
            ("int_deferral_rate_state_accumulator", &self.deferral),
            ("int_deferral_escalation_state_accumulator", &self.escalation),
            ("int_employee_contributions", &self.contributions),
            ("int_employer_eligibility", &self.eligibility),
            ("fct_workforce_snapshot", &self.snapshot),
        ]
    }
}
