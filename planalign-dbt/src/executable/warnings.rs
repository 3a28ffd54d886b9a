//! Keeps warnings from being errors, whatever the project says: the run would depend on dbt's version.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use planalign_config::yaml::{Dialect, parse};

/// dbt has two flags, of which dbt Core accepts one at a time, the project's included. So ours is the one that the project sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WarningFlag {
    /// `warn_error`: only the environment can set it to false.
    WarnError,
    /// `warn_error_options`.
    Options,
}

impl WarningFlag {
    /// The flag for a project and the folder of its profile, where older projects have their flags.
    pub(crate) fn of(project: &Path, profiles: &Path) -> Self {
        let files = [(project.join("dbt_project.yml"), "flags"), (profiles.join("profiles.yml"), "config")];
        let is_set = files.iter().any(|(file, section)| {
            let (root, _) = parse(&fs::read_to_string(file).unwrap_or_default(), Dialect::PyYaml);
            !root.to_json()[*section]["warn_error"].is_null()
        });
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
    use super::*;

    #[test]
    fn the_flag_is_the_project_s_own() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let flag = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("file");
            WarningFlag::of(folder.path(), folder.path())
        };
        assert_eq!(flag("dbt_project.yml", "flags: { warn_error_options: { error: all } }"), WarningFlag::Options);
        assert_eq!(flag("dbt_project.yml", "flags: { warn_error: true }"), WarningFlag::WarnError);
        assert_eq!(flag("dbt_project.yml", "flags: { warn_error: '{{ x }}' }"), WarningFlag::WarnError);
        assert_eq!(flag("dbt_project.yml", "flags: [warn_error]"), WarningFlag::Options);
        assert_eq!(flag("profiles.yml", "config: { warn_error: false }"), WarningFlag::WarnError);
    }
}
