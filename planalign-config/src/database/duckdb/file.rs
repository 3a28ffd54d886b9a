//! Starts the engine on a file, in whatever state a process left it.

use std::path::Path;
use std::thread;
use std::time::Duration;

use super::connect::{self, Engine};
use super::{DatabaseOptions, fold, handover, header};
use crate::database::DatabaseError;
use crate::runtime::fault::Fault;

/// Waits while the file is in use.
pub(super) fn patiently<T>(
    waits: &[Duration],
    open: impl Fn() -> Result<T, DatabaseError>,
) -> Result<T, DatabaseError> {
    let mut waits = waits.iter();
    loop {
        match (open(), waits.next()) {
            (Err(error @ (DatabaseError::Busy { .. } | DatabaseError::OpenHere { .. })), Some(wait)) => {
                log::info!("{error}; retrying in {wait:?}");
                thread::sleep(*wait);
            }
            (result, _) => return result,
        }
    }
}

/// Starts an engine on a file.
pub(super) fn engine_on(path: &Path, options: &DatabaseOptions) -> Result<Engine, DatabaseError> {
    header::check(path)?;
    if let Err(error) = fold::put_back(path) {
        log::warn!("cannot restore the saved blocks of {}: {error}", path.display());
    }
    connect::to_file(path, path, options).map_err(|e| DatabaseError::open(path.to_owned(), &e))
}

/// Starts an engine on a file whose last unit, with another process's work, may not have been committed.
pub(super) fn settled(path: &Path, options: &DatabaseOptions) -> Result<Engine, DatabaseError> {
    if !path.exists() {
        log::warn!("`{}` is gone; its copy was removed", path.display());
        handover::remove(path);
        return engine_on(path, options);
    }
    let copy = handover::path_of(path);
    let undo = match engine_on(path, options) {
        Ok(engine) => {
            if !handover::is_marked(&engine.connection).map_err(|e| DatabaseError::statement(&e, ""))? {
                if !options.read_only {
                    handover::remove(path);
                }
                return Ok(engine);
            }
            "was not committed".to_owned()
        }
        Err(error) if matches!(error.fault(), Fault::Corrupt | Fault::WrongVersion) && is_database(&copy) => {
            format!("cannot be read ({error})")
        }
        Err(error) => return Err(error),
    };
    if options.read_only {
        log::info!("the last stage of `{}` {undo}; reading the state before it", path.display());
        return connect::to_file(path, &copy, options).map_err(|e| DatabaseError::open(copy.clone(), &e));
    }
    log::warn!("the last stage of `{}` {undo}; the file was restored to the state before it", path.display());
    restored(path, options)
}

/// Whether a file can take the place of a damaged one.
fn is_database(copy: &Path) -> bool {
    header::check(copy).is_ok()
}

/// Puts the copy of a closed file in its place, if there is one, and starts an engine on it.
pub(super) fn restored(path: &Path, options: &DatabaseOptions) -> Result<Engine, DatabaseError> {
    let copy = handover::path_of(path);
    if copy.exists() {
        // Nothing that isn't a database may take the file's place.
        header::check(&copy)?;
    }
    handover::put_back(path).map_err(|error| DatabaseError::io("cannot restore the database from its copy", &error))?;
    let engine = patiently(&options.busy_waits, || engine_on(path, options))?;
    engine.connection.execute_batch(handover::UNMARK).map_err(|e| DatabaseError::statement(&e, ""))?;
    Ok(engine)
}
