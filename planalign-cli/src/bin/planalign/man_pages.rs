//! Man pages for the program and each command, generated from their arguments and help.

use std::path::Path;
use std::{fs, io};

use clap::builder::Resettable;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use planalign_config::counted;

use crate::args::Cli;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::say;

/// Writes all pages, each named after its command: `planalign-checkpoint-list.1`.
pub(crate) fn run(directory: &Path) -> Result<ExitCode, Failure> {
    let pages = pages().and_then(|pages| {
        fs::create_dir_all(directory)?;
        pages.iter().try_for_each(|(name, page)| fs::write(directory.join(name), page))?;
        Ok(pages.len())
    });
    let pages = pages.map_err(|cause| Failure::Unwritable { path: directory.to_owned(), cause })?;
    say(&format!("{} in {}", counted(pages as u64, "man page"), directory.display()))?;
    Ok(ExitCode::Done)
}

/// The pages of all commands except hidden ones, by file name.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut commands = vec![root];
    let mut pages = Vec::new();
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned());
        pages.push(page(command)?);
    }
    Ok(pages)
}

fn page(command: Command) -> io::Result<(String, Vec<u8>)> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_program = command.get_version().is_some();
    let man = Man::new(command.after_help(Resettable::Reset)).manual("PlanAlign");
    // No date, so that the pages of a version never differ. An empty date would be dropped and shift the other fields.
    let man = man.source(concat!("planalign ", env!("CARGO_PKG_VERSION"))).date(" ");
    let mut page = Vec::new();
    man.render(&mut page)?;
    page.extend(sections(&help).into_bytes());
    if !is_program {
        page.extend(section("SEE ALSO", "planalign(1)").into_bytes());
    }
    Ok((man.get_filename(), page))
}

/// The sections after the options in the help, each a heading with aligned lines, separated by blank lines.
fn sections(help: &str) -> String {
    let parts = help.split("\n\n").filter_map(|part| part.split_once(":\n"));
    parts.map(|(heading, lines)| section(&heading.to_uppercase(), lines)).collect()
}

/// A section whose lines are kept verbatim.
fn section(heading: &str, lines: &str) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [heading]).control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []).to_roff()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        let pages = pages().expect("pages");
        let (_, page) = pages.into_iter().find(|(file, _)| file == name).expect("a page");
        String::from_utf8(page).expect("text")
    }

    #[test]
    fn every_command_has_a_page() {
        let mut names: Vec<_> = pages().expect("pages").into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        insta::assert_snapshot!(names.join("\n"), @"
        planalign-census-check.1
        planalign-census-map.1
        planalign-census.1
        planalign-checkpoint-list.1
        planalign-checkpoint-prune.1
        planalign-checkpoint-restore.1
        planalign-checkpoint-show.1
        planalign-checkpoint-verify.1
        planalign-checkpoint.1
        planalign-completions.1
        planalign-dbt-build.1
        planalign-dbt-compile.1
        planalign-dbt-ls.1
        planalign-dbt-run.1
        planalign-dbt-seed.1
        planalign-dbt-show.1
        planalign-dbt-test.1
        planalign-dbt.1
        planalign-log.1
        planalign-man-pages.1
        planalign-report.1
        planalign-simulate.1
        planalign-status.1
        planalign-validate.1
        planalign.1
        ");
    }

    #[test]
    fn a_page_contains_the_help() {
        // The synopsis ends with a space.
        let page = text("planalign-completions.1").replace(env!("CARGO_PKG_VERSION"), "[VERSION]").replace(" \n", "\n");
        insta::assert_snapshot!(page, @r#"
        .ie \n(.g .ds Aq \(aq
        .el .ds Aq '
        .TH planalign-completions 1 " " "planalign [VERSION]" PlanAlign
        .SH NAME
        planalign\-completions \- Generate a shell completion script
        .SH SYNOPSIS
        \fBplanalign completions\fR [\fB\-v\fR|\fB\-\-verbose\fR]... [\fB\-q\fR|\fB\-\-quiet\fR] [\fB\-h\fR|\fB\-\-help\fR] <\fISHELL\fR>
        .SH DESCRIPTION
        Generate a shell completion script
        .SH OPTIONS
        .TP
        \fB\-v\fR, \fB\-\-verbose\fR
        Show more detail (\-vv for debug output)
        .TP
        \fB\-q\fR, \fB\-\-quiet\fR
        Show only results and errors
        .TP
        \fB\-h\fR, \fB\-\-help\fR
        Print help
        .TP
        <\fISHELL\fR>
        The shell
        .br

        .br
        \fIPossible values:\fR
        .RS 14
        .IP \(bu 2
        bash
        .IP \(bu 2
        elvish
        .IP \(bu 2
        fish
        .IP \(bu 2
        powershell
        .IP \(bu 2
        zsh
        .RE
        .SH EXAMPLES
        .nf
          source <(planalign completions bash)
          planalign completions fish > ~/.config/fish/completions/planalign.fish
        .fi
        .SH "SEE ALSO"
        .nf
        planalign(1)
        .fi
        "#);
    }

    #[test]
    fn the_main_page_has_the_environment_and_the_exit_codes() {
        let page = text("planalign.1");
        let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        insta::assert_snapshot!(sections.join("\n"), @r#"
        NAME
        SYNOPSIS
        DESCRIPTION
        OPTIONS
        SUBCOMMANDS
        VERSION
        EXAMPLES
        ENVIRONMENT
        "EXIT CODES"
        "#);
        for (code, meaning) in ExitCode::MEANINGS {
            let line = format!("{:<5}{meaning}", code as u8).replace('-', "\\-");
            assert!(page.contains(&line), "{line}");
        }
    }
}
