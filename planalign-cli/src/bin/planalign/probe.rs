//! An engine that meets a damaged file may end its whole process. So a file that was not closed is opened by another process
//! first, and how that ends is told as any failure is.

use std::path::Path;
use std::process::{Command, Stdio};

use planalign::{Error, OpenRun};
use planalign_config::failpoint;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Opens a database in a process of its own. Other failures than an abort are told by whoever opens it next.
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
            log::warn!("{} is opened without a test: {cause}", database.display());
            Ok(())
        }
    }
}

/// What the other process does: replays the log, and reads the record.
pub(crate) fn run(database: &Path) -> Result<ExitCode, Failure> {
    // An engine that ends the process is tested with a process that ends.
    let _ = failpoint::pass("probe");
    OpenRun::open(database, &planalign::Caller::default())?.checkpoints()?;
    Ok(ExitCode::Done)
}
