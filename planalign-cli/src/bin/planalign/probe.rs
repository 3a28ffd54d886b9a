//! A damaged file can make the engine end the whole process. So another process first opens a file that was not closed, and a
//! crash there is reported like any other failure.

use std::path::Path;
use std::process::{Command, Stdio};

use planalign::{Error, OpenRun};
use planalign_config::failpoint;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Opens a database in a separate process. Failures other than a crash are left to the next attempt to open it.
pub(crate) fn open_elsewhere(database: &Path) -> Result<(), Error> {
    let status = std::env::current_exe().and_then(|program| {
        let mut command = Command::new(program);
        command.arg("probe").arg("--database").arg(database);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    });
    match status {
        Ok(status) if status.code().is_none() => Err(Error::Aborted { database: database.to_owned() }),
        Ok(_) => Ok(()),
        Err(cause) => {
            log::warn!("opening `{}` without testing it first: {cause}", database.display());
            Ok(())
        }
    }
}

/// Runs in the other process: replays the log and reads the record.
pub(crate) fn run(database: &Path) -> Result<ExitCode, Failure> {
    // Tests simulate an engine crash by ending the process here.
    let _ = failpoint::pass("probe");
    OpenRun::open(database, &planalign::Caller::default())?.checkpoints()?;
    Ok(ExitCode::Done)
}
