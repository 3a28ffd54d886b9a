//! How much room a disk has.

use std::path::Path;

/// Bytes that may still be written beside a file, which need not exist; `None` where the system does not tell.
#[cfg(unix)]
#[must_use]
pub fn free_space_beside(file: &Path) -> Option<u64> {
    let absolute = std::path::absolute(file).ok()?;
    let disk = nix::sys::statvfs::statvfs(absolute.parent()?).ok()?;
    // The types differ between systems.
    #[allow(clippy::useless_conversion)]
    u64::from(disk.blocks_available()).checked_mul(disk.fragment_size().into())
}

/// Bytes that may still be written beside a file, which need not exist; `None` where the system does not tell.
#[cfg(not(unix))]
#[must_use]
pub fn free_space_beside(_file: &Path) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_disk_of_a_folder_has_some_space_and_no_folder_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(free_space_beside(&folder.path().join("a.duckdb")).is_some_and(|bytes| bytes > 0));
        assert_eq!(free_space_beside(&folder.path().join("nowhere/a.duckdb")), None);
    }
}
