//! The profile of a call: one that is generated for a database, or the user's own.

use std::fs;
use std::path::{Path, PathBuf};

use planalign_config::did_you_mean;
use planalign_config::yaml::{Dialect, parse};
use serde_json::{Map, Value, json};

use super::command::DbtOptions;
use crate::dbt_error::DbtError;

/// The profile and target that we generate.
pub(crate) const GENERATED: &str = "planalign";

/// How the names of dbt's secret environment variables begin.
const SECRET: &str = "DBT_ENV_SECRET";

pub(crate) const PROFILES_FILE: &str = "profiles.yml";

/// A profile of the user's own.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Folder of `profiles.yml`; `None`: the project's.
    pub folder: Option<PathBuf>,
    /// Name of the profile.
    pub name: String,
    /// Target; `None`: the profile's default.
    pub target: Option<String>,
}

/// The content of a `profiles.yml` with a generated profile.
pub(crate) fn generated(database: &Path, options: &DbtOptions) -> Value {
    let mut settings = Map::from_iter([("threads".to_owned(), options.threads.max(1).into())]);
    if let Some(bytes) = options.memory_limit {
        settings.insert("memory_limit".to_owned(), format!("{bytes}B").into());
    }
    let output = json!({
        "type": "duckdb", "path": database, "schema": "main", "settings": settings,
    });
    json!({ GENERATED: { "target": GENERATED, "outputs": { GENERATED: output } } })
}

/// The user's `profiles.yml`, unrendered.
#[derive(Clone, Debug)]
pub(crate) struct OwnProfiles {
    pub(crate) folder: PathBuf,
    pub(crate) text: String,
    pub(crate) all: Value,
    name: String,
}

impl OwnProfiles {
    pub(crate) fn read(profile: &Profile, project: &Path) -> Result<Self, DbtError> {
        let folder = profile.folder.clone().unwrap_or_else(|| project.to_owned());
        let file = folder.join(PROFILES_FILE);
        let unusable = |problem| DbtError::Profile { file: file.clone(), problem };
        let text = fs::read(&file).map_err(|error| unusable(format!("cannot be read: {error}")))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (root, problems) = parse(&text, Dialect::PyYaml);
        if let Some(problem) = problems.first() {
            return Err(unusable(problem.to_string()));
        }
        let this = Self { folder, text, name: profile.name.clone(), all: root.to_json() };
        let name = &this.name;
        let Some(targets) = this.targets() else {
            return Err(unusable(if this.all[name].is_null() {
                let known = this.all.as_object().into_iter().flat_map(Map::keys);
                format!("has no profile {name}{}", did_you_mean(name, known.map(String::as_str)))
            } else {
                format!("has a profile {name} without `outputs`")
            }));
        };
        if let Some(target) = profile.target.as_ref().filter(|target| !targets.contains_key(*target)) {
            let hint = did_you_mean(target, targets.keys().map(String::as_str));
            return Err(unusable(format!("has no target {target} in profile {name}{hint}")));
        }
        Ok(this)
    }

    fn targets(&self) -> Option<&Map<String, Value>> {
        self.all[&self.name]["outputs"].as_object()
    }

    /// The path of the target's database as an expression of SQL, which dbt renders as it renders the profile; NULL if it is in a
    /// secret variable, which dbt gives to profiles only.
    pub(crate) fn path(&self) -> String {
        let cases = self.targets().into_iter().flatten().map(|(target, output)| {
            let path = output["path"].as_str().unwrap_or(":memory:");
            let path = if path.contains(SECRET) { "null".to_owned() } else { format!("$path${path}$path$") };
            format!("{{% if target.name == {} %}}{path}{{% endif %}}", json!(target))
        });
        cases.collect()
    }

    /// The content of the file with another database in each target.
    pub(crate) fn with_database(&self, database: &Path) -> Value {
        let mut all = self.all.clone();
        let outputs = all[&self.name]["outputs"].as_object_mut();
        for output in outputs.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            output.insert("path".to_owned(), json!(database));
            // dbt takes the name from the path, and refuses a different one unless it is that of an attached database.
            if output.get("attach").is_none_or(Value::is_null) {
                output.remove("database");
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: &str = "
other: { outputs: { dev: { type: duckdb, path: other.duckdb } } }
shop:
  target: \"{{ env_var('TARGET') }}\"
  outputs:
    dev: { type: duckdb, path: \"{{ env_var('FOLDER') }}/it's.duckdb\", database: its, schema: raw }
    lake: { type: duckdb, path: x.duckdb, database: lake, attach: [{ path: lake.duckdb, alias: lake }] }
    memory: { type: duckdb }
";

    fn read(name: &str, text: &str) -> Result<OwnProfiles, String> {
        let folder = tempfile::tempdir().expect("temporary directory");
        fs::write(folder.path().join(PROFILES_FILE), text).expect("profiles");
        let profile = Profile { folder: None, name: name.to_owned(), target: None };
        OwnProfiles::read(&profile, folder.path()).map_err(|error| match error {
            DbtError::Profile { problem, .. } => problem,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_copy_differs_only_in_its_database() {
        let copy = read("shop", PROFILES).expect("read").with_database(Path::new("/s/plan.duckdb"));
        let path = "/s/plan.duckdb";
        let expected = json!({
            "other": { "outputs": { "dev": { "type": "duckdb", "path": "other.duckdb" } } },
            "shop": { "target": "{{ env_var('TARGET') }}", "outputs": {
                "dev": { "type": "duckdb", "path": path, "schema": "raw" },
                "lake": {
                    "type": "duckdb", "path": path, "database": "lake",
                    "attach": [{ "path": "lake.duckdb", "alias": "lake" }],
                },
                "memory": { "type": "duckdb", "path": path },
            } },
        });
        assert_eq!(copy, expected);
    }

    #[test]
    fn dbt_renders_the_path_of_the_target() {
        let expected = "{% if target.name == \"dev\" %}$path${{ env_var('FOLDER') }}/it's.duckdb$path${% endif %}\
                        {% if target.name == \"lake\" %}$path$x.duckdb$path${% endif %}\
                        {% if target.name == \"memory\" %}$path$:memory:$path${% endif %}";
        assert_eq!(read("shop", PROFILES).expect("read").path(), expected);
    }

    #[test]
    fn a_secret_path_is_not_asked_for() {
        let text = "shop: { outputs: { dev: { path: \"{{ env_var('DBT_ENV_SECRET_X') }}\" } } }";
        assert_eq!(read("shop", text).expect("read").path(), "{% if target.name == \"dev\" %}null{% endif %}");
    }

    #[test]
    fn a_profile_that_is_not_there_is_named() {
        let problem = |name: &str, text: &str| read(name, text).expect_err("unusable");
        assert_eq!(problem("shp", PROFILES), "has no profile shp; did you mean `shop`?");
        assert_eq!(problem("shop", "shop: { target: dev }"), "has a profile shop without `outputs`");
        assert_eq!(problem("shop", "- shop"), "has no profile shop");
        assert!(read("shop", "shop: [").is_err());
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join(PROFILES_FILE), PROFILES).expect("write");
        let target = Some("devs".to_owned());
        let profile = Profile { folder: Some(folder.path().to_owned()), name: "shop".to_owned(), target };
        let error = OwnProfiles::read(&profile, Path::new("/")).expect_err("unknown").to_string();
        assert!(error.ends_with(" has no target devs in profile shop; did you mean `dev`?"), "{error}");
        let profile = Profile { folder: Some("/nowhere".into()), name: "shop".to_owned(), target: None };
        let error = OwnProfiles::read(&profile, Path::new("/")).expect_err("missing").to_string();
        assert!(error.starts_with("dbt's profiles file `/nowhere/profiles.yml` cannot be read: "), "{error}");
    }
}
