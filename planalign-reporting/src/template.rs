//! Templates: the metrics a report shows, with their sections, order, and titles.

use std::fmt;

use planalign_config::nearest;
use planalign_config::yaml::{self, Content, Dialect, Entry, Node, Position, YamlError};

use crate::metrics::{METRICS, Metric};

/// The template of the summary printed after a run.
pub const DEFAULT_TEMPLATE: &str = include_str!("default_template.yaml");

/// A report template.
#[derive(Clone, Debug)]
pub struct Template {
    /// Title of the report.
    pub title: Option<String>,
    /// Its sections, at least one.
    pub sections: Vec<Section>,
    /// Old names that the template uses, which are still accepted.
    pub warnings: Vec<TemplateProblem>,
}

/// Names in layouts up to 3 and their current names.
const RENAMED: [(&str, &str); 4] = [
    ("figures", "metrics"),
    ("figure", "metric"),
    ("leavers", "terminations"),
    ("new_hire_leavers", "new_hire_terminations"),
];

/// A group of metrics.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Title of the section.
    pub title: Option<String>,
    /// Its lines, at least one.
    pub lines: Vec<Line>,
}

/// A metric and its title in the report.
#[derive(Clone, Debug)]
pub struct Line {
    /// The metric.
    pub metric: &'static Metric,
    /// Its title.
    pub title: String,
}

/// A problem in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// Position in the file.
    pub at: Position,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.line, self.at.column, self.message)
    }
}

impl Default for Template {
    fn default() -> Self {
        // A test ensures that it is valid.
        Self::parse(DEFAULT_TEMPLATE).unwrap_or(Self { title: None, sections: Vec::new(), warnings: Vec::new() })
    }
}

impl Template {
    /// Parses a YAML template. Returns every problem if it isn't valid.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateProblem>> {
        let (root, errors) = yaml::parse(text, Dialect::Core);
        if !errors.is_empty() {
            // Nothing after the syntax error was parsed.
            let key = |error: &YamlError| if error.key.is_empty() { String::new() } else { format!("{}: ", error.key) };
            let problem =
                |error: YamlError| TemplateProblem { at: error.at, message: format!("{}{error}", key(&error)) };
            return Err(errors.into_iter().map(problem).collect());
        }
        let mut reader = Reader::default();
        let (title, sections) = reader.template(&root);
        let Reader { problems, warnings } = reader;
        if problems.is_empty() { Ok(Self { title, sections, warnings }) } else { Err(problems) }
    }
}

/// Reads nodes, and continues after problems.
#[derive(Default)]
struct Reader {
    problems: Vec<TemplateProblem>,
    warnings: Vec<TemplateProblem>,
}

impl Reader {
    fn template(&mut self, root: &Node) -> (Option<String>, Vec<Section>) {
        let [title, sections] = self.fields(root, ["title", "sections"]);
        let Some(sections) = sections else {
            self.refuse(root.at, "`sections` is missing; expected a list of sections with `metrics`");
            return (None, Vec::new());
        };
        let title = title.and_then(|node| self.text(node));
        (title, self.list(sections).iter().map(|node| self.section(node)).collect())
    }

    fn section(&mut self, node: &Node) -> Section {
        let [title, metrics] = self.fields(node, ["title", "metrics"]);
        let Some(metrics) = metrics else {
            self.refuse(node.at, "`metrics` is missing; expected a list of metric names");
            return Section::default();
        };
        let title = title.and_then(|node| self.text(node));
        Section { title, lines: self.list(metrics).iter().filter_map(|node| self.line(node)).collect() }
    }

    /// Reads a metric name, or a map with a custom title.
    fn line(&mut self, node: &Node) -> Option<Line> {
        let (name, title) = match &node.content {
            Content::Map(_) => {
                let [metric, title] = self.fields(node, ["metric", "title"]);
                let Some(name) = metric else {
                    self.refuse(node.at, "`metric` is missing; expected a metric name");
                    return None;
                };
                (name, title.and_then(|node| self.text(node)))
            }
            _ => (node, None),
        };
        let metric = self.metric(name)?;
        Some(Line { metric, title: title.unwrap_or_else(|| metric.title.to_owned()) })
    }

    fn metric(&mut self, node: &Node) -> Option<&'static Metric> {
        let text = self.text(node)?;
        let name = current(&text);
        let metric = Metric::find(name);
        if metric.is_none() {
            let names = METRICS.iter().map(|metric| metric.name);
            let message = match nearest(name, names.clone()) {
                Some(near) => format!("unknown metric `{name}`; did you mean `{near}`?"),
                None => format!("unknown metric `{name}`; available: {}", names.collect::<Vec<_>>().join(", ")),
            };
            self.refuse(node.at, &message);
        } else {
            self.warn_if_renamed(node.at, &text);
        }
        metric
    }

    /// Returns the values of the allowed keys of a map.
    fn fields<'n, const N: usize>(&mut self, node: &'n Node, known: [&str; N]) -> [Option<&'n Node>; N] {
        let mut values = [None; N];
        let Content::Map(entries) = &node.content else {
            self.refuse(node.at, &format!("expected a map with {}", known.join(", ")));
            return values;
        };
        for Entry { key, at, value, .. } in entries {
            match known.iter().position(|known| *known == current(key)) {
                Some(place) if values[place].is_none() => {
                    values[place] = Some(value);
                    self.warn_if_renamed(*at, key);
                }
                Some(place) => self.refuse(*at, &format!("`{}` is given twice", known[place])),
                None => self.refuse(*at, &format!("unknown key `{key}`; expected {}", known.join(", "))),
            }
        }
        values
    }

    fn warn_if_renamed(&mut self, at: Position, name: &str) {
        if current(name) != name {
            self.warnings.push(TemplateProblem { at, message: format!("`{name}` is now `{}`", current(name)) });
        }
    }

    fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.content {
            Content::List(nodes) if !nodes.is_empty() => nodes,
            _ => {
                self.refuse(node.at, "expected a list with at least one entry");
                &[]
            }
        }
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        if let Content::Text(text) = &node.content
            && !text.contains(char::is_control)
        {
            return Some(text.clone());
        }
        self.refuse(node.at, "expected a single line of text");
        None
    }

    fn refuse(&mut self, at: Position, message: &str) {
        self.problems.push(TemplateProblem { at, message: message.to_owned() });
    }
}

/// Returns the current name of an old or current name.
fn current(name: &str) -> &str {
    RENAMED.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let reported = match Template::parse(text) {
            Ok(template) => {
                let section = |section: &Section| {
                    let lines: Vec<String> =
                        section.lines.iter().map(|l| format!("{:?}={}", l.metric, l.title)).collect();
                    format!("{}[{}]", section.title.clone().unwrap_or_default(), lines.join(" "))
                };
                let sections = template.sections.iter().map(section);
                sections.chain(template.warnings.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ")
            }
            Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        };
        assert_eq!(reported, expect, "{text}");
    }

    #[test]
    fn metrics_are_chosen_ordered_and_titled() {
        check(
            "title: Cost\nsections:\n  - title: Money\n    metrics: [employer_total, {metric: payroll, title: All pay}]\n  - metrics: [hires]",
            "Money[employer_total=Employer cost payroll=All pay] [hires=Hires]",
        );
    }

    #[test]
    fn all_problems_are_reported_with_their_position() {
        check("{}", "1:1: `sections` is missing; expected a list of sections with `metrics`");
        check("sections: 3", "1:11: expected a list with at least one entry");
        check(
            "sections: [a]",
            "1:12: expected a map with title, metrics\n1:12: `metrics` is missing; expected a list of metric names",
        );
        check(
            "titel: x\nsections:\n  - metrics: [hire, 3, {title: x}, {metric: year, colour: red}]",
            "1:1: unknown key `titel`; expected title, sections\n\
             3:15: unknown metric `hire`; did you mean `hires`?\n\
             3:21: expected a single line of text\n\
             3:24: `metric` is missing; expected a metric name\n\
             3:51: unknown key `colour`; expected metric, title",
        );
        check("sections: [", "2:1: while parsing a node, did not find expected node content");
    }

    #[test]
    fn names_from_earlier_layouts_are_accepted() {
        check(
            "sections:\n  - figures:\n      - leavers\n      - {figure: new_hire_leavers}",
            "[terminations=Terminations new_hire_terminations=New-hire terminations] \
             2:5: `figures` is now `metrics` 3:9: `leavers` is now `terminations` \
             4:10: `figure` is now `metric` 4:18: `new_hire_leavers` is now `new_hire_terminations`",
        );
        check("sections: [{figures: [hires], metrics: [hires]}]", "1:31: `metrics` is given twice");
        check("sections: [{metrics: [hires], figures: [hires]}]", "1:31: `metrics` is given twice");
        check("leavers: x\nsections: [{metrics: [hires]}]", "1:1: unknown key `leavers`; expected title, sections");
    }

    #[test]
    fn the_default_template_is_valid() {
        let template = Template::parse(DEFAULT_TEMPLATE).expect("valid");
        assert_eq!((template.sections.len(), template.warnings), (4, Vec::new()));
    }
}
