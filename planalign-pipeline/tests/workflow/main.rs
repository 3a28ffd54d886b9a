//! Whole runs of several years against modules in memory: one theme in each module.

mod harness;

mod continuing;
mod interruption;
mod ordering;
mod plan;
mod progress;
mod random_workflows;
mod recovery;
mod refusals;
mod reports;
mod restoring;
mod validation;
mod workflow_check;
mod years;
