//! Runs dbt projects in process: load, render, order, materialise, test.

pub mod runner;

pub use runner::{
    Flow, GraphNode, Materialization, ModelGraph, ModelRunner, NodeEvent, NodeResult, RelationName, RunnerError, Vars,
};
