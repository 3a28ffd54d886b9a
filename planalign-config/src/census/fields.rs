//! What a column of a census contains, by its header.

use crate::settings::PayBasis;

/// What a column contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The ID of the employee.
    Id,
    /// A Social Security number, which is never stored.
    Ssn,
    /// The date of birth.
    BirthDate,
    /// The first day of employment.
    HireDate,
    /// The first day of the current employment, if there was an earlier one.
    RehireDate,
    /// The day from which service counts.
    ServiceDate,
    /// The last day of employment.
    TerminationDate,
    /// The last day of the employment after a rehire.
    SecondTerminationDate,
    /// Active, on leave, or terminated.
    Status,
    /// Pay.
    Pay,
    /// The deferral rate, all of it or the pre-tax part.
    DeferralRate,
    /// The Roth part of the deferral rate.
    RothRate,
    /// Scheduled hours per week.
    Hours,
    /// Whether the employee opted out of automatic increases.
    OptOut,
    /// Whether the employee may participate in the plan.
    Override,
}

impl Field {
    /// All fields, in the order in which they are listed.
    pub const ALL: [Self; 15] = [
        Self::Id,
        Self::Ssn,
        Self::BirthDate,
        Self::HireDate,
        Self::RehireDate,
        Self::ServiceDate,
        Self::TerminationDate,
        Self::SecondTerminationDate,
        Self::Status,
        Self::Pay,
        Self::DeferralRate,
        Self::RothRate,
        Self::Hours,
        Self::OptOut,
        Self::Override,
    ];

    /// Returns the name in the configuration and, for those that the models read, in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "employee_id",
            Self::Ssn => "employee_ssn",
            Self::BirthDate => "employee_birth_date",
            Self::HireDate => "employee_hire_date",
            Self::RehireDate => "employee_rehire_date",
            Self::ServiceDate => "employee_service_date",
            Self::TerminationDate => "employee_termination_date",
            Self::SecondTerminationDate => "employee_second_termination_date",
            Self::Status => "employee_status",
            Self::Pay => "employee_gross_compensation",
            Self::DeferralRate => "employee_deferral_rate",
            Self::RothRate => "employee_roth_deferral_rate",
            Self::Hours => "scheduled_hours_per_week",
            Self::OptOut => "auto_escalation_opt_out",
            Self::Override => "eligibility_override",
        }
    }

    /// Whether every census must have it.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(self, Self::Id | Self::BirthDate | Self::HireDate | Self::Pay)
    }

    /// Whether it is a date.
    pub(super) fn is_date(self) -> bool {
        matches!(
            self,
            Self::BirthDate
                | Self::HireDate
                | Self::RehireDate
                | Self::ServiceDate
                | Self::TerminationDate
                | Self::SecondTerminationDate
        )
    }

    /// The field with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The usual headers for it, in plain form; see [`plain`].
    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Id => &[
                "id",
                "employeeid",
                "eeid",
                "empid",
                "empno",
                "empnumber",
                "employeeno",
                "employeenumber",
                "associateid",
                "positionid",
                "filenumber",
                "workerid",
                "personid",
                "personnelnumber",
                "clocknumber",
            ],
            Self::Ssn => {
                &["ssn", "socialsecuritynumber", "socialsecurity", "socsecnumber", "socialsecno", "taxid", "nationalid"]
            }
            Self::BirthDate => &["dob", "dateofbirth", "birthdate", "birthdt", "birthday"],
            Self::HireDate => &[
                "doh",
                "hiredate",
                "dateofhire",
                "hiredt",
                "dateofhire1",
                "hiredate1",
                "originalhiredate",
                "dateofhireoriginal",
                "originaldateofhire",
                "origihiredate",
                "orighiredate",
            ],
            Self::RehireDate => &[
                "dateofrehire",
                "rehiredate",
                "rehiredt",
                "hirerehiredate",
                "lasthiredate",
                "dateofhire2",
                "hiredate2",
                "mostrecenthiredate",
            ],
            Self::ServiceDate => &[
                "adjusteddateofhire",
                "adjustedservicedate",
                "benefitsenioritydate",
                "continuousservicedate",
                "servicedate",
                "adjustedhiredate",
            ],
            Self::TerminationDate => &[
                "termdate",
                "terminationdate",
                "termdt",
                "dateoftermination",
                "dateoftermination1",
                "terminationdate1",
                "termdate1",
                "employmentenddate",
                "dot",
            ],
            Self::SecondTerminationDate => &["dateoftermination2", "terminationdate2", "termdate2"],
            Self::Status => {
                &["status", "employmentstatus", "statuscode", "positionstatus", "employeestatus", "empstatus"]
            }
            Self::Pay => &[],
            Self::DeferralRate => &[
                "deferralpercent",
                "deferralrate",
                "deferralpct",
                "pretaxdeferralrate",
                "pretaxpercent",
                "pretaxpct",
                "pretaxdeferralpercent",
                "401kpercent",
                "401kdeferralpercent",
            ],
            Self::RothRate => &["rothdeferralrate", "rothpercent", "rothpct", "rothdeferralpercent"],
            Self::Hours => &["scheduledhours", "hoursperweek", "weeklyhours", "scheduledweeklyhours"],
            Self::OptOut => &["optout", "autoescalationoptout", "autoincreaseoptout", "escalationoptout"],
            Self::Override => &["eligibilityoverride"],
        }
    }
}

/// Pay columns say by their header what they contain.
const PAY: [(&str, PayBasis); 31] = [
    ("annualsalary", PayBasis::AnnualRate),
    ("annualrate", PayBasis::AnnualRate),
    ("annualpay", PayBasis::AnnualRate),
    ("annualpayrate", PayBasis::AnnualRate),
    ("annualbasesalary", PayBasis::AnnualRate),
    ("annualcompensation", PayBasis::AnnualRate),
    ("annualizedpay", PayBasis::AnnualRate),
    ("basepay", PayBasis::AnnualRate),
    ("basesalary", PayBasis::AnnualRate),
    ("salary", PayBasis::AnnualRate),
    ("grosscompensation", PayBasis::EarnedInYear),
    ("grosspay", PayBasis::EarnedInYear),
    ("ytdgross", PayBasis::EarnedInYear),
    ("ytdcompensation", PayBasis::EarnedInYear),
    ("w2comp", PayBasis::EarnedInYear),
    ("w2compensation", PayBasis::EarnedInYear),
    ("w2wages", PayBasis::EarnedInYear),
    ("plancomp", PayBasis::EarnedInYear),
    ("plancompensation", PayBasis::EarnedInYear),
    ("statutorycompensation", PayBasis::EarnedInYear),
    ("415earnings", PayBasis::EarnedInYear),
    ("415compensation", PayBasis::EarnedInYear),
    ("curwages", PayBasis::PerPeriod),
    ("currentwages", PayBasis::PerPeriod),
    ("currentperiodcompensation", PayBasis::PerPeriod),
    ("payperperiod", PayBasis::PerPeriod),
    ("periodpay", PayBasis::PerPeriod),
    ("hourlyrate", PayBasis::Hourly),
    ("hourlypay", PayBasis::Hourly),
    ("hourlypayrate", PayBasis::Hourly),
    ("payperhour", PayBasis::Hourly),
];

/// Headers of pay that doesn't say what it contains.
const PAY_OF_UNKNOWN_BASIS: [&str; 7] =
    ["regularpayrate", "payrate", "rateofpay", "pay", "compensation", "wages", "earnings"];

/// Headers of hours that can be per week, per pay period, or per year.
const HOURS_OF_UNKNOWN_PERIOD: [&str; 4] = ["hours", "hoursworked", "standardhours", "totalhours"];

/// A column that says what the salary column contains.
const SALARY_INDICATOR: [&str; 2] = ["salaryindicator", "payindicator"];

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Match {
    /// Its exact name.
    Exact(Field),
    /// One of its usual headers.
    Alias(Field),
    /// A usual header of pay, and what such a column contains.
    Pay(PayBasis),
    /// A usual header of pay or hours that leaves open what the column contains.
    Open(Field),
    /// Most similar to a usual header, with the similarity from 0 to 1.
    Similar(Field, f64),
}

impl Match {
    pub(super) fn field(self) -> Field {
        match self {
            Self::Exact(field) | Self::Alias(field) | Self::Open(field) | Self::Similar(field, _) => field,
            Self::Pay(_) => Field::Pay,
        }
    }
}

/// The header in lowercase, without punctuation, spaces, and a trailing `(...)`; `#` is a number and `%` a percentage.
pub(super) fn plain(header: &str) -> String {
    let header = header.trim();
    let without = header.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).map(|(before, _)| before);
    let header = without.filter(|before| !before.trim().is_empty()).unwrap_or(header);
    let text = header.replace('#', "number").replace('%', "percent");
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Similar enough to be taken for a header if nothing else is.
const SIMILAR: f64 = 0.88;

/// What a header says; `None` if it isn't a usual one or similar to one.
pub(super) fn matching(header: &str) -> Option<Match> {
    let plain = plain(header);
    if plain.is_empty() {
        return None;
    }
    if let Some(field) = Field::ALL.into_iter().find(|field| self::plain(field.name()) == plain) {
        return Some(Match::Exact(field));
    }
    if let Some(field) = Field::ALL.into_iter().find(|field| field.aliases().contains(&plain.as_str())) {
        return Some(Match::Alias(field));
    }
    if let Some((_, basis)) = PAY.iter().find(|(alias, _)| *alias == plain) {
        return Some(Match::Pay(*basis));
    }
    if PAY_OF_UNKNOWN_BASIS.contains(&plain.as_str()) {
        return Some(Match::Open(Field::Pay));
    }
    if HOURS_OF_UNKNOWN_PERIOD.contains(&plain.as_str()) {
        return Some(Match::Open(Field::Hours));
    }
    similar(&plain)
}

fn similar(plain: &str) -> Option<Match> {
    let usual = Field::ALL.into_iter().flat_map(|field| {
        let name = self::plain(field.name());
        field.aliases().iter().map(|alias| (*alias).to_owned()).chain([name]).map(move |alias| (field, alias))
    });
    let pay = PAY.iter().map(|(alias, _)| (Field::Pay, (*alias).to_owned()));
    let scored = usual.chain(pay).map(|(field, alias)| (field, strsim::normalized_damerau_levenshtein(plain, &alias)));
    let best = scored.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (best.1 >= SIMILAR).then_some(Match::Similar(best.0, best.1))
}

/// Whether a column says what the salary column contains.
pub(super) fn is_salary_indicator(header: &str) -> bool {
    SALARY_INDICATOR.contains(&plain(header).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::CENSUS_FIELDS;

    #[test]
    fn the_configuration_can_map_every_field() {
        assert_eq!(Field::ALL.map(Field::name), CENSUS_FIELDS);
    }

    #[test]
    fn usual_headers_are_recognized() {
        let check = |header: &str, expect: Match| assert_eq!(matching(header), Some(expect), "{header}");
        check("employee_id", Match::Exact(Field::Id));
        check("EMPLOYEE ID", Match::Exact(Field::Id));
        for header in
            ["EEID", "Emp No", "Associate ID", "Position ID", "File #", "File Number", "Employee #", "Worker_ID"]
        {
            check(header, Match::Alias(Field::Id));
        }
        for header in ["SSN", "Social Security Number", "Tax ID (SSN)", "NationalID"] {
            check(header, Match::Alias(Field::Ssn));
        }
        for header in ["DOB", "Date of Birth", "Birth Date", "Birth Dt"] {
            check(header, Match::Alias(Field::BirthDate));
        }
        for header in [
            "DOH",
            "Hire Date",
            "Date of Hire 1",
            "Original Hire Date",
            "Date of Hire - Original",
            "Date of Hire (mm/dd/yyyy)",
        ] {
            check(header, Match::Alias(Field::HireDate));
        }
        for header in ["Date of Rehire", "Rehire Dt", "Hire/Rehire Date", "lastHireDate", "Date of Hire 2"] {
            check(header, Match::Alias(Field::RehireDate));
        }
        for header in
            ["Adjusted Date of Hire", "Adjusted Service Date", "BenefitSeniorityDate", "Continuous Service Date"]
        {
            check(header, Match::Alias(Field::ServiceDate));
        }
        for header in ["Term Date", "Term Dt", "Date of Termination 1", "dateOfTermination", "Employment End Date"] {
            check(header, Match::Alias(Field::TerminationDate));
        }
        check("Date of Termination 2", Match::Alias(Field::SecondTerminationDate));
        for header in ["Status", "Employment Status", "Status Code", "Position Status"] {
            check(header, Match::Alias(Field::Status));
        }
        for header in ["Annual Salary", "Annual Rate", "Base Pay"] {
            check(header, Match::Pay(PayBasis::AnnualRate));
        }
        for header in ["Gross Compensation", "W-2 Comp", "Plan Comp", "Statutory Compensation", "415 Earnings"] {
            check(header, Match::Pay(PayBasis::EarnedInYear));
        }
        for header in ["Cur Wages", "Current Period Compensation"] {
            check(header, Match::Pay(PayBasis::PerPeriod));
        }
        check("Regular Pay Rate", Match::Open(Field::Pay));
        for header in ["Deferral %", "pre-tax deferral rate", "Pre-Tax %"] {
            check(header, Match::Alias(Field::DeferralRate));
        }
        for header in ["Roth deferral rate", "Roth %"] {
            check(header, Match::Alias(Field::RothRate));
        }
        check("Scheduled_Hours", Match::Alias(Field::Hours));
        for header in ["Hours", "Hours Worked", "Standard Hours"] {
            check(header, Match::Open(Field::Hours));
        }
    }

    #[test]
    fn a_misspelled_header_is_similar_to_one_field() {
        assert!(matches!(matching("Date of Brith"), Some(Match::Similar(Field::BirthDate, score)) if score > 0.9));
        for header in ["Fire Date", "Division", "Employee", "Employee Name", "", "Deferral", "Job Title"] {
            assert_eq!(matching(header), None, "{header}");
        }
    }
}
