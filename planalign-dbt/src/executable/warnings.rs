//! Keeps warnings from being errors, whatever the project says: the run would depend on dbt's version.

use std::ffi::OsString;

use serde_json::Value;

/// dbt has two flags, of which dbt Core accepts one at a time, the project's included. So ours is the one that the project sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WarningFlag {
    /// `warn_error`: only the environment can set it to false.
    WarnError,
    /// `warn_error_options`.
    Options,
}

impl WarningFlag {
    /// The flag for the settings of a project and for the file with its profile, where older projects have their flags.
    pub(crate) fn of(project: &Value, profiles: Option<&Value>) -> Self {
        let in_profiles = profiles.is_some_and(|profiles| !profiles["config"]["warn_error"].is_null());
        let is_set = !project["flags"]["warn_error"].is_null() || in_profiles;
        if is_set { Self::WarnError } else { Self::Options }
    }

    pub(crate) fn arguments(self) -> impl Iterator<Item = OsString> {
        let arguments: &[&str] = match self {
            Self::WarnError => &[],
            Self::Options => &["--warn-error-options", r#"{"error": []}"#],
        };
        arguments.iter().map(OsString::from)
    }

    pub(crate) fn environment(self) -> Option<(OsString, OsString)> {
        (self == Self::WarnError).then(|| ("DBT_WARN_ERROR".into(), "false".into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_flag_is_the_project_s_own() {
        let of_project = |settings: Value| WarningFlag::of(&settings, None);
        let options = json!({ "flags": { "warn_error_options": { "error": "all" } } });
        assert_eq!(of_project(options), WarningFlag::Options);
        assert_eq!(of_project(json!({ "flags": { "warn_error": true } })), WarningFlag::WarnError);
        assert_eq!(of_project(json!({ "flags": { "warn_error": "{{ x }}" } })), WarningFlag::WarnError);
        assert_eq!(of_project(json!({ "flags": ["warn_error"] })), WarningFlag::Options);
        assert_eq!(of_project(Value::Null), WarningFlag::Options);
        let profiles = json!({ "config": { "warn_error": false } });
        assert_eq!(WarningFlag::of(&json!({}), Some(&profiles)), WarningFlag::WarnError);
        assert_eq!(WarningFlag::of(&json!({}), Some(&json!({ "shop": {} }))), WarningFlag::Options);
    }

    #[test]
    fn each_flag_is_set_where_dbt_accepts_it() {
        let set = |flag: WarningFlag| (flag.arguments().collect::<Vec<_>>(), flag.environment());
        let (arguments, environment) = set(WarningFlag::WarnError);
        assert!(arguments.is_empty());
        assert_eq!(environment, Some(("DBT_WARN_ERROR".into(), "false".into())));
        let (arguments, environment) = set(WarningFlag::Options);
        assert_eq!(arguments, ["--warn-error-options", r#"{"error": []}"#]);
        assert_eq!(environment, None);
    }
}
