//! Checks that a project accepts the version of dbt whose results this runner gives.

use super::config::{one_or_many, plain_text};
use super::project_file::{PROJECT_FILE, problem};
use super::yaml::Yaml;
use crate::runner::RunnerError;

/// Major, minor, and patch.
type Version = (u32, u32, u32);

/// The dbt that this runner is compared with: any patch of this version.
const MAJOR: u32 = 1;
const MINOR: u32 = 11;

/// More patch releases than a version of dbt has.
const MOST_PATCHES: u32 = 99;

/// A version and how others must compare with it.
struct Bound {
    accepts: fn(&Version, &Version) -> bool,
    version: Version,
}

impl Bound {
    /// Parses `>=1.11.0`; what may follow the numbers, such as `-rc1`, is left out.
    fn parse(text: &str) -> Option<Self> {
        let numbers = text.trim_start_matches(['>', '<', '=']);
        let accepts: fn(&Version, &Version) -> bool = match &text[..text.len() - numbers.len()] {
            ">=" => Version::ge,
            "<=" => Version::le,
            ">" => Version::gt,
            "<" => Version::lt,
            "=" | "" => Version::eq,
            _ => return None,
        };
        let mut parts = numbers.splitn(3, '.');
        let (major, minor, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (patch, label) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let is_label = label.chars().all(|c| c.is_ascii_alphanumeric() || "-+.".contains(c));
        let number = |digits: &str| digits.parse().ok().filter(|_| digits == "0" || !digits.starts_with(['0', '+']));
        is_label.then_some(Self { accepts, version: (number(major)?, number(minor)?, number(patch)?) })
    }
}

/// Checks a `require-dbt-version`: a text or a list, with bounds separated by commas.
pub(crate) fn check(required: &Yaml) -> Result<(), RunnerError> {
    let problem = |message: String| problem(Some(required.line), message);
    let texts = one_or_many(&required.to_json()).iter().map(plain_text).collect::<Vec<_>>();
    let texts = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
    let malformed =
        |text: &str| problem(format!("`{text}` in require-dbt-version is not a version such as `>=1.11.0`"));
    let bounds = texts.map(|text| Bound::parse(text).ok_or_else(|| malformed(text))).collect::<Result<Vec<_>, _>>()?;
    let is_accepted = |patch| bounds.iter().all(|bound| (bound.accepts)(&(MAJOR, MINOR, patch), &bound.version));
    if (0..=MOST_PATCHES).any(is_accepted) {
        return Ok(());
    }
    let feature = format!("a require-dbt-version that excludes dbt {MAJOR}.{MINOR}");
    Err(RunnerError::unsupported(feature, PROJECT_FILE, "change it (the results are those of that version)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_of_the_version_must_be_accepted() {
        let check = |required: &str, expected: &str| {
            let found = check(&Yaml::parse("dbt_project.yml", required).expect("yaml"));
            let found = found.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{required}: {found}");
        };
        for accepted in
            ["'>=1.0.0,<2.0.0'", "['>=1.11.0', '<1.12.0']", "1.11.3", "'=1.11.16'", "'<1.12.0rc1'", "[]", "~"]
        {
            check(accepted, "");
        }
        for excluded in ["'>=1.0.0,<1.11.0'", "['>1.11.4', '<1.11.5']", "1.10.0", "'>=2.0.0-alpha.4'"] {
            check(excluded, "a require-dbt-version that excludes dbt 1.11");
        }
        for malformed in [
            "'>1.11'",
            "'~1.11.0'",
            "'>=1.x.0'",
            "'=v1.11.16'",
            "v1.11.16",
            "'>=1.11.0 <2.0.0'",
            "1.11",
            "''",
            "1.011.0",
        ] {
            check(malformed, "in require-dbt-version is not a version");
        }
    }
}
