//! The commands and their options, as `--help` shows them.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};

use super::heading;
use crate::args::Cli;

pub(super) fn page() -> String {
    let mut page = heading("Commands", "What `planalign --help` and `planalign COMMAND --help` print.");
    let mut root = Cli::command().term_width(100);
    root.build();
    section(&mut page, &mut root);
    page
}

fn section(page: &mut String, command: &mut Command) {
    let name = command.get_bin_name().unwrap_or("planalign").to_owned();
    let _ = writeln!(page, "## {name}\n\n```text\n{}\n```\n", command.render_long_help().to_string().trim_end());
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
        section(page, inner);
    }
}
