//! Templates: which figures a report shows, in which sections and order, and under which titles.

use std::fmt;

use planalign_config::nearest;
use planalign_config::settings::yaml::{self, Content, Entry, Flaw, Node, Position};

use crate::figures::{FIGURES, Figure};

/// The template of the summary that is printed after a run.
pub const DEFAULT_TEMPLATE: &str = include_str!("default_template.yaml");

/// What a report shows.
#[derive(Clone, Debug)]
pub struct Template {
    /// Title of the report.
    pub title: Option<String>,
    /// Its sections, at least one.
    pub sections: Vec<Section>,
}

/// Figures that belong together.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Title of the section.
    pub title: Option<String>,
    /// Its lines, at least one.
    pub lines: Vec<Line>,
}

/// A figure and what it is called here.
#[derive(Clone, Debug)]
pub struct Line {
    /// The figure.
    pub figure: &'static Figure,
    /// Its title.
    pub title: String,
}

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// Where.
    pub at: Position,
    /// What.
    pub message: String,
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.line, self.at.column, self.message)
    }
}

impl Default for Template {
    fn default() -> Self {
        // A test holds that there is nothing wrong with it.
        Self::parse(DEFAULT_TEMPLATE).unwrap_or(Self { title: None, sections: Vec::new() })
    }
}

impl Template {
    /// Reads a template (YAML). Tells everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateProblem>> {
        let (root, flaws) = yaml::parse(text);
        if !flaws.is_empty() {
            // What stands behind broken text is not there.
            let key = |flaw: &Flaw| if flaw.key.is_empty() { String::new() } else { format!("{}: ", flaw.key) };
            let problem = |flaw: Flaw| TemplateProblem { at: flaw.at, message: format!("{}{}", key(&flaw), flaw.kind) };
            return Err(flaws.into_iter().map(problem).collect());
        }
        let mut reader = Reader { problems: Vec::new() };
        let template = reader.template(&root);
        if reader.problems.is_empty() { Ok(template) } else { Err(reader.problems) }
    }
}

/// Reads nodes, and goes on after what is wrong.
struct Reader {
    problems: Vec<TemplateProblem>,
}

impl Reader {
    fn template(&mut self, root: &Node) -> Template {
        let [title, sections] = self.fields(root, ["title", "sections"]);
        let Some(sections) = sections else {
            self.refuse(root.at, "`sections` is missing: a list of sections with `figures`");
            return Template { title: None, sections: Vec::new() };
        };
        let title = title.and_then(|node| self.text(node));
        Template { title, sections: self.list(sections).iter().map(|node| self.section(node)).collect() }
    }

    fn section(&mut self, node: &Node) -> Section {
        let [title, figures] = self.fields(node, ["title", "figures"]);
        let Some(figures) = figures else {
            self.refuse(node.at, "`figures` is missing: a list of names of figures");
            return Section::default();
        };
        let title = title.and_then(|node| self.text(node));
        Section { title, lines: self.list(figures).iter().filter_map(|node| self.line(node)).collect() }
    }

    /// The name of a figure, or a map with a title of its own.
    fn line(&mut self, node: &Node) -> Option<Line> {
        let (name, title) = match &node.content {
            Content::Map(_) => {
                let [figure, title] = self.fields(node, ["figure", "title"]);
                let Some(name) = figure else {
                    self.refuse(node.at, "`figure` is missing: the name of a figure");
                    return None;
                };
                (name, title.and_then(|node| self.text(node)))
            }
            _ => (node, None),
        };
        let figure = self.figure(name)?;
        Some(Line { figure, title: title.unwrap_or_else(|| figure.title.to_owned()) })
    }

    fn figure(&mut self, node: &Node) -> Option<&'static Figure> {
        let name = self.text(node)?;
        let figure = Figure::find(&name);
        if figure.is_none() {
            let names = FIGURES.iter().map(|figure| figure.name);
            self.refuse(
                node.at,
                &match nearest(&name, names.clone()) {
                    Some(near) => format!("there is no figure `{name}`, did you mean `{near}`?"),
                    None => format!("there is no figure `{name}`; there are {}", names.collect::<Vec<_>>().join(", ")),
                },
            );
        }
        figure
    }

    /// The values of the keys that a map may have.
    fn fields<'n, const N: usize>(&mut self, node: &'n Node, known: [&str; N]) -> [Option<&'n Node>; N] {
        let Content::Map(entries) = &node.content else {
            self.refuse(node.at, &format!("expected a map of {}", known.join(", ")));
            return [None; N];
        };
        for Entry { key, at, .. } in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            self.refuse(*at, &format!("unknown key `{key}`, allowed here: {}", known.join(", ")));
        }
        known.map(|key| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value))
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
        self.refuse(node.at, "expected text on one line");
        None
    }

    fn refuse(&mut self, at: Position, message: &str) {
        self.problems.push(TemplateProblem { at, message: message.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let told = match Template::parse(text) {
            Ok(template) => {
                let section = |section: &Section| {
                    let lines: Vec<String> =
                        section.lines.iter().map(|l| format!("{:?}={}", l.figure, l.title)).collect();
                    format!("{}[{}]", section.title.clone().unwrap_or_default(), lines.join(" "))
                };
                template.sections.iter().map(section).collect::<Vec<_>>().join(" ")
            }
            Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        };
        assert_eq!(told, expect, "{text}");
    }

    #[test]
    fn figures_are_chosen_ordered_and_titled() {
        check(
            "title: Cost\nsections:\n  - title: Money\n    figures: [employer_total, {figure: payroll, title: All pay}]\n  - figures: [hires]",
            "Money[employer_total=Employer cost payroll=All pay] [hires=Hires]",
        );
    }

    #[test]
    fn everything_wrong_is_told_with_its_place() {
        check("{}", "1:1: `sections` is missing: a list of sections with `figures`");
        check("sections: 3", "1:11: expected a list with at least one entry");
        check(
            "sections: [a]",
            "1:12: expected a map of title, figures\n1:12: `figures` is missing: a list of names of figures",
        );
        check(
            "titel: x\nsections:\n  - figures: [hire, 3, {title: x}, {figure: year, colour: red}]",
            "1:1: unknown key `titel`, allowed here: title, sections\n\
             3:15: there is no figure `hire`, did you mean `hires`?\n\
             3:21: expected text on one line\n\
             3:24: `figure` is missing: the name of a figure\n\
             3:51: unknown key `colour`, allowed here: figure, title",
        );
        check("sections: [", "2:1: while parsing a node, did not find expected node content");
    }

    #[test]
    fn the_default_is_a_template() {
        let template = Template::parse(DEFAULT_TEMPLATE).expect("valid");
        assert_eq!(template.sections.len(), 4);
    }
}
