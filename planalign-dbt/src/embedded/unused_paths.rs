//! Warns of configuration in `dbt_project.yml` that applies to nothing.

use super::project_file::PROJECT_FILE;
use super::yaml::Yaml;

/// Warns of the paths of a section to which nothing belongs; `fqns` are the project, folders, and name of everything in it, also of
/// what is disabled.
pub(crate) fn warn(section: &str, tree: &Yaml, fqns: &[Vec<String>]) {
    for path in unused(section, tree, fqns) {
        log::warn!("{PROJECT_FILE}: `{path}` doesn't apply to any resource");
    }
}

fn unused(section: &str, tree: &Yaml, fqns: &[Vec<String>]) -> Vec<String> {
    let mut paths = Vec::new();
    collect(tree, &[], &mut paths);
    paths.retain(|path| {
        !fqns.iter().any(|fqn| fqn.iter().map(String::as_str).take(path.len()).eq(path.iter().copied()))
    });
    paths.iter().map(|path| [&[section], path.as_slice()].concat().join(".")).collect()
}

/// The paths that have configuration.
fn collect<'y>(tree: &'y Yaml, path: &[&'y str], paths: &mut Vec<Vec<&'y str>>) {
    let (below, own): (Vec<_>, Vec<_>) =
        tree.pairs().iter().partition(|(key, value)| value.is_map() && !key.starts_with('+'));
    if !own.is_empty() {
        paths.push(path.to_vec());
    }
    for (key, value) in below {
        collect(value, &[path, &[key.as_str()]].concat(), paths);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_to_which_nothing_belongs_are_found() {
        let check = |tree: &str, fqns: &[&str], expected: &[&str]| {
            let fqns: Vec<Vec<String>> = fqns.iter().map(|fqn| fqn.split('.').map(str::to_owned).collect()).collect();
            let tree = Yaml::parse(PROJECT_FILE, tree).expect("yaml");
            assert_eq!(unused("models", &tree, &fqns), expected);
        };
        let tree = "{+tags: k, p: {none: {+tags: x}, sub: {tags: x, a: {+tags: x}, b: {meta: {x: 1}}}, empty: {}}, q: {+tags: x}}";
        check(tree, &["p.sub.a", "p.d"], &["models.p.none", "models.p.sub.b.meta", "models.q"]);
        check("{+tags: k, p: {+tags: x}}", &[], &["models", "models.p"]);
        check("{p: {a: {b: {+tags: x}}}}", &["p.a"], &["models.p.a.b"]);
        check("{}", &[], &[]);
    }
}
