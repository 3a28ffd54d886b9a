//! Applies user changes to the stages: added and dropped models and rules, and new stages.

use planalign_config::did_you_mean;
use planalign_config::settings::{ListChange, StageChange};

use super::Workflow;
use crate::stage::StageDefinition;

impl Workflow {
    /// Changes stages and adds new ones. [`Workflow::check`] reports changes that fail.
    pub fn change(&mut self, changes: &[StageChange]) {
        for change in changes {
            match self.stages.iter_mut().find(|stage| stage.name == change.name) {
                Some(stage) => apply(stage, change, &mut self.problems),
                None => self.add_stage(change),
            }
        }
    }

    /// Inserts a new stage right after the last one it depends on, so that it runs as early as possible.
    fn add_stage(&mut self, change: &StageChange) {
        let Some(before) = &change.depends_on else {
            let hint = did_you_mean(&change.name, self.stages.iter().map(|s| s.name.as_str()));
            self.problems.push(format!("a new stage needs `depends_on`; stage {} doesn't exist{hint}", change.name));
            return;
        };
        let mut stage = StageDefinition { name: change.name.clone(), checkpoint: true, ..StageDefinition::default() };
        apply(&mut stage, change, &mut self.problems);
        let last = self.stages.iter().rposition(|s| before.contains(&s.name));
        self.stages.insert(last.map_or(self.stages.len(), |last| last + 1), stage);
    }
}

fn apply(stage: &mut StageDefinition, change: &StageChange, problems: &mut Vec<String>) {
    if let Some(before) = &change.depends_on {
        stage.depends_on.clone_from(before);
    }
    if let Some(models) = &change.models {
        change_models(stage, models, problems);
    }
    if let Some(rules) = &change.rules {
        change_rules(stage, rules, problems);
    }
    stage.years = change.years.unwrap_or(stage.years);
    stage.parallel_safe = change.parallel_safe.unwrap_or(stage.parallel_safe);
    stage.checkpoint = change.checkpoint.unwrap_or(stage.checkpoint);
}

fn change_models(stage: &mut StageDefinition, change: &ListChange, problems: &mut Vec<String>) {
    if let Some(models) = &change.replace {
        stage.models.clone_from(models);
    }
    // Selections can be resolved only with the project.
    stage.exclude.extend(change.drop.iter().cloned());
    add(&stage.name, &mut stage.models, &change.add, problems);
}

fn change_rules(stage: &mut StageDefinition, change: &ListChange, problems: &mut Vec<String>) {
    if let Some(rules) = &change.replace {
        stage.rules.clone_from(rules);
    }
    for dropped in &change.drop {
        if stage.rules.contains(dropped) {
            stage.rules.retain(|rule| rule != dropped);
        } else {
            let hint = did_you_mean(dropped, stage.rules.iter().map(String::as_str));
            problems.push(format!("stage {} drops rule {dropped}, which it does not check{hint}", stage.name));
        }
    }
    add(&stage.name, &mut stage.rules, &change.add, problems);
}

fn add(stage: &str, list: &mut Vec<String>, added: &[String], problems: &mut Vec<String>) {
    for new in added {
        if list.contains(new) {
            problems.push(format!("stage {stage} adds {new}, which it already has"));
        } else {
            list.push(new.clone());
        }
    }
}
