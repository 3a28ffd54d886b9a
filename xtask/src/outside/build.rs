//! Cargo's messages about a build.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

/// The artifacts of a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Build {
    /// Registry packages that were already compiled, with versions.
    pub(crate) shared: BTreeSet<String>,
    /// Registry packages that were compiled.
    pub(crate) compiled: BTreeSet<String>,
    /// The programs.
    pub(crate) executables: Vec<PathBuf>,
}

impl Build {
    /// Parses the messages of `cargo build --message-format=json`.
    pub(crate) fn of(messages: &str) -> Self {
        let mut build = Self::default();
        for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if let Some(program) = message["executable"].as_str() {
                build.executables.push(program.into());
            }
            let package = message["package_id"].as_str().filter(|package| package.starts_with("registry+"));
            let name = package.and_then(|package| package.rsplit_once('#')).map(|(_, name)| name.to_owned());
            match (name, message["fresh"].as_bool()) {
                (Some(name), Some(true)) => drop(build.shared.insert(name)),
                (Some(name), Some(false)) => drop(build.compiled.insert(name)),
                _ => {}
            }
        }
        build
    }
}

/// Returns whether a package is among these, in any version.
pub(crate) fn has(packages: &BTreeSet<String>, name: &str) -> bool {
    packages.iter().any(|package| package.split('@').next() == Some(name))
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dependencies shared, {} compiled", self.shared.len(), self.compiled.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_and_shared_packages_are_distinguished() {
        let messages = [
            r#"{"reason":"compiler-artifact","package_id":"registry+https://index#serde@1.0.229","executable":null,"fresh":true}"#,
            r#"{"reason":"compiler-artifact","package_id":"registry+https://index#syn@3.0.10","executable":null,"fresh":false}"#,
            r#"{"reason":"build-script-executed","package_id":"registry+https://index#syn@3.0.10"}"#,
            r#"{"reason":"compiler-artifact","package_id":"path+file:///x#growth@0.0.0","executable":"/t/growth","fresh":false}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ];
        let set = |name: &str| BTreeSet::from([name.to_owned()]);
        let build = Build::of(&messages.join("\n"));
        let expected =
            Build { shared: set("serde@1.0.229"), compiled: set("syn@3.0.10"), executables: vec!["/t/growth".into()] };
        assert_eq!(build, expected);
        assert_eq!(build.to_string(), "1 dependencies shared, 1 compiled");
        assert!(has(&build.shared, "serde") && has(&build.compiled, "syn") && !has(&build.compiled, "s"));
    }
}
