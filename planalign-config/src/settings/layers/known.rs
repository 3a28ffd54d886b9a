//! All settings and sections, and what an unknown key may have meant.

use std::collections::BTreeSet;

use super::merge::default_leaves;
use crate::nearest::nearest;
use crate::settings::problem::{Mistake, ProblemKind};
use crate::yaml::{Content, Entry};

pub(super) struct Known {
    settings: BTreeSet<String>,
    sections: BTreeSet<String>,
}

impl Known {
    pub(super) fn new() -> Self {
        let mut known = Self { settings: BTreeSet::new(), sections: BTreeSet::new() };
        for key in default_leaves() {
            let mut at = key.as_str();
            while let Some((section, _)) = at.rsplit_once('.') {
                known.sections.insert(section.to_owned());
                at = section;
            }
            known.settings.insert(key);
        }
        known
    }

    pub(super) fn is_section(&self, path: &str) -> bool {
        self.sections.contains(path)
    }

    pub(super) fn is_setting(&self, path: &str) -> bool {
        self.settings.contains(path)
    }

    /// The setting whose path matches this name with `.` replaced by `_`.
    pub(super) fn setting_written(&self, name: &str) -> Option<&str> {
        let written = |key: &&String| key.contains('.') && key.replace('.', "_") == name;
        self.settings.iter().find(written).map(String::as_str)
    }

    /// The names allowed in a section.
    pub(super) fn names_in(&self, section: &str) -> Vec<String> {
        let direct = self.paths().filter(|path| split(path).0 == section).map(|path| split(path).1.to_owned());
        direct.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Reports an unknown key.
    pub(super) fn unknown(&self, entry: &Entry, path: String) -> Mistake {
        let nearest = self.nearest_to(&path, matches!(entry.value.content, Content::Map(_)));
        let known = self.names_in(split(&path).0);
        Mistake { at: entry.at, key: path, kind: ProblemKind::UnknownKey { nearest, known } }
    }

    /// A similar key in the same section or below it, or else the only setting with that name.
    fn nearest_to(&self, path: &str, is_section: bool) -> Option<String> {
        let (section, name) = split(path);
        let candidates: Vec<&str> =
            if is_section { &self.sections } else { &self.settings }.iter().map(String::as_str).collect();
        let by_name = |paths: Vec<&str>| {
            let best = nearest(name, paths.iter().map(|path| split(path).1))?;
            paths.into_iter().find(|path| split(path).1 == best).map(str::to_owned)
        };
        let siblings = self.paths().filter(|path| split(path).0 == section).collect();
        let within = candidates.iter().filter(|path| !section.is_empty() && path.starts_with(&format!("{section}.")));
        by_name(siblings).or_else(|| by_name(within.copied().collect())).or_else(|| {
            let mut namesakes = candidates.iter().filter(|path| split(path).1 == name);
            namesakes.next().filter(|_| namesakes.next().is_none()).map(|path| (*path).to_owned())
        })
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().chain(&self.sections).map(String::as_str)
    }
}

/// Section and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}
