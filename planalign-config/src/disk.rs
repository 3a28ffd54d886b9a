//! What disks have room for, and what they keep.

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes sure that a file keeps the name that it was just given, should the power go.
pub fn sync_name_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

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
