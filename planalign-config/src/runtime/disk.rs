//! Free disk space and durable files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::runtime::failpoint;

/// Syncs the directory of a file, so that a new name survives a power loss.
pub fn sync_name_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Atomically creates or replaces a file, and creates its directory. Readers see either the old or the new content, even after
/// a power loss. `point` is the failpoint of the content, `<point>.rename` that of the new name.
pub fn replace(path: &Path, content: &[u8], point: &str) -> io::Result<()> {
    let part = path.with_added_extension("part");
    let write = || {
        failpoint::pass(point)?;
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        let mut file = File::create(&part)?;
        file.write_all(content)?;
        file.sync_all()?;
        failpoint::pass(&format!("{point}.rename"))?;
        fs::rename(&part, path)?;
        sync_name_of(path)
    };
    write().inspect_err(|_| {
        // Remove the leftover; report why the write failed, not why this did.
        if let Err(left) = fs::remove_file(&part)
            && left.kind() != io::ErrorKind::NotFound
        {
            log::debug!("cannot remove {}: {left}", part.display());
        }
    })
}

/// Returns the free bytes on the disk of a file, which need not exist; `None` if the system doesn't report them.
#[cfg(unix)]
#[must_use]
pub fn free_space_at(file: &Path) -> Option<u64> {
    let absolute = std::path::absolute(file).ok()?;
    let disk = nix::sys::statvfs::statvfs(absolute.parent()?).ok()?;
    // The types differ between systems.
    #[allow(clippy::useless_conversion)]
    u64::from(disk.blocks_available()).checked_mul(disk.fragment_size().into())
}

/// Returns the free bytes on the disk of a file, which need not exist; `None` if the system doesn't report them.
#[cfg(not(unix))]
#[must_use]
pub fn free_space_at(_file: &Path) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_known_only_for_existing_directories() {
        let folder = tempfile::tempdir().expect("temp dir");
        assert!(free_space_at(&folder.path().join("a.duckdb")).is_some_and(|bytes| bytes > 0));
        assert_eq!(free_space_at(&folder.path().join("nowhere/a.duckdb")), None);
    }
}
