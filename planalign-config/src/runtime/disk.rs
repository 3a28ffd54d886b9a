//! What disks have room for, and what they keep.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::runtime::failpoint;

/// Makes sure that a file keeps the name that it was just given, should the power go.
pub fn sync_name_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Puts a file with this content in the place of another, or where none was, and makes its folder. Its readers see the old content or
/// the new one, also after a power cut. `point` is the failpoint of the content, and `<point>.rename` that of the new name.
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
        // What is left of an attempt is of no use; that it cannot be removed is less important than why it failed.
        if let Err(left) = fs::remove_file(&part)
            && left.kind() != io::ErrorKind::NotFound
        {
            log::debug!("{} is left behind: {left}", part.display());
        }
    })
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
