//! Complete runs of several years with in-memory modules, one topic per file.

mod harness;

mod continuing;
mod data_tests;
mod interruption;
mod ordering;
mod outside;
mod parallel_execution;
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
