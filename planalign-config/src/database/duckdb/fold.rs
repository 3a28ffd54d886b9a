//! Saves blocks next to the file before the engine rewrites them in place while folding its log.
//!
//! New data goes to unreferenced blocks, and the header that references them is written last. But table metadata shares
//! partially used blocks, which are rewritten in place to fill them. A process that dies during that write leaves a block that is
//! half old and half new, and a file that no engine opens. So these blocks are first saved as `<file>.blocks`, and restored when
//! the file is next opened if its header hasn't changed.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::{disk, failpoint};

/// The main header and the two that alternate and contain the block size.
const HEADERS: usize = 3 * 4096;
/// Position of the block size in the second header; the third one has the same.
const BLOCK_SIZE: std::ops::Range<usize> = 4096 + 40..4096 + 48;
const HASH: usize = 32;

/// Saved blocks, kept as long as this value.
#[derive(Debug)]
pub(super) struct Saved {
    path: PathBuf,
    headers: Vec<u8>,
    database: Arc<File>,
    /// Locked: if another process can lock it, the one that saved it has died.
    _locked: File,
}

impl Drop for Saved {
    /// A changed header means that the engine is done, so the blocks are no longer needed.
    fn drop(&mut self) {
        if read_headers(&self.database).is_ok_and(|now| now != self.headers)
            && let Err(error) = fs::remove_file(&self.path)
        {
            log::warn!("cannot remove {}: {error}", self.path.display());
        }
    }
}

/// Saves blocks of a file that the engine has open. `file` must not be closed before the engine closes its own handle: on Unix,
/// that would release the engine's lock.
pub(super) fn save(database: &Path, file: &Arc<File>, blocks: &[u64]) -> io::Result<Saved> {
    failpoint::pass("write.blocks")?;
    let headers = read_headers(file)?;
    let size = block_size(&headers)?;
    let mut content = headers.clone();
    for block in blocks {
        let mut bytes = vec![0; size];
        read_at(file, place_of(*block, size), &mut bytes)?;
        content.extend_from_slice(&block.to_le_bytes());
        content.extend_from_slice(&bytes);
    }
    let hash = Sha256::digest(&content);
    let path = path_of(database);
    // It gets its name only once it is complete and locked.
    let beside = path.with_added_extension("part");
    let mut saved = File::create(&beside)?;
    saved.lock()?;
    saved.write_all(&content)?;
    saved.write_all(&hash)?;
    saved.sync_all()?;
    fs::rename(&beside, &path)?;
    disk::sync_name_of(&path)?;
    Ok(Saved { path, headers, database: Arc::clone(file), _locked: saved })
}

/// Restores blocks saved by a process that died before it wrote a new header. The file must not be open.
pub(super) fn put_back(database: &Path) -> io::Result<()> {
    let path = path_of(database);
    let mut saved = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    if saved.try_lock().is_err() {
        // The process that saved them is alive and has the file open.
        return Ok(());
    }
    let mut content = Vec::new();
    saved.read_to_end(&mut content)?;
    if let Some((headers, blocks)) = whole(&content)
        && File::open(database).and_then(|file| read_headers(&file)).is_ok_and(|now| now == headers)
    {
        let size = block_size(headers)?;
        let mut file = File::options().write(true).open(database)?;
        for entry in blocks.chunks_exact(8 + size) {
            let (block, bytes) = entry.split_at(8);
            let block = u64::from_le_bytes(block.try_into().unwrap_or_default());
            file.seek(SeekFrom::Start(place_of(block, size)))?;
            file.write_all(bytes)?;
        }
        file.sync_all()?;
        log::info!("merging the log into `{}` was interrupted; its saved blocks were restored", database.display());
    }
    fs::remove_file(&path)
}

/// Headers and blocks of a completely written file.
fn whole(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, hash) = content.split_at_checked(content.len().checked_sub(HASH)?)?;
    (Sha256::digest(content).as_slice() == hash).then_some(())?;
    content.split_at_checked(HEADERS)
}

fn path_of(database: &Path) -> PathBuf {
    database.with_added_extension("blocks")
}

fn read_headers(file: &File) -> io::Result<Vec<u8>> {
    let mut headers = vec![0; HEADERS];
    read_at(file, 0, &mut headers)?;
    Ok(headers)
}

fn read_at(mut file: &File, at: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(bytes)
}

fn block_size(headers: &[u8]) -> io::Result<usize> {
    let size = headers.get(BLOCK_SIZE).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| (4096..=1 << 24).contains(size));
    size.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "its header does not tell the size of blocks"))
}

fn place_of(block: u64, size: usize) -> u64 {
    HEADERS as u64 + block * size as u64
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::database::duckdb::{Database, DatabaseOptions};
    use crate::runtime::fault::Fault;

    /// A directory with `a.duckdb`, its log, and its saved blocks, as left by a process that died while folding. One metadata
    /// block is torn.
    fn torn() -> TempDir {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("intact.duckdb");
        let open = || Database::open(&path, &DatabaseOptions::default()).expect("open");
        open().execute_batch("create table t as select range as x from range(1000)").expect("create");
        assert!(!path_of(&path).exists(), "a finished fold leaves no blocks behind");
        let db = open();
        db.execute_batch("insert into t values (7)").expect("insert");
        let saved = db.lock().save_blocks().expect("save").expect("a log to fold");
        put_back(&path).expect("restore blocks");
        assert!(path_of(&path).exists(), "blocks are kept while the process that saved them is alive");
        for suffix in ["", ".wal", ".blocks"] {
            let copy = |name: &str| folder.path().join(format!("{name}.duckdb{suffix}"));
            fs::copy(copy("intact"), copy("a")).expect("copy");
        }
        drop(saved);
        let first = db.query_value("select min(block_id) from pragma_metadata_info()", &[]).expect("query");
        let block = u64::try_from(first.integer().expect("block id")).expect("number");
        let mut file = File::options().write(true).open(folder.path().join("a.duckdb")).expect("open");
        file.seek(SeekFrom::Start(place_of(block, 262_144) + 100)).expect("seek");
        file.write_all(&[0xff; 3000]).expect("tear the block");
        folder
    }

    fn rows(folder: &TempDir, name: &str) -> Result<Option<i64>, Fault> {
        let db = Database::open(&folder.path().join(name), &DatabaseOptions::default()).map_err(|e| e.fault())?;
        Ok(db.query_value("select count(*) from t", &[]).map_err(|e| e.fault())?.integer())
    }

    #[test]
    fn a_torn_block_is_restored() {
        let folder = torn();
        assert_eq!(rows(&folder, "a.duckdb"), Ok(Some(1001)));
        assert!(!folder.path().join("a.duckdb.blocks").exists());
        assert_eq!(rows(&folder, "a.duckdb"), Ok(Some(1001)), "the file is intact");
    }

    #[test]
    fn without_the_saved_blocks_the_file_is_corrupt() {
        let folder = torn();
        fs::remove_file(folder.path().join("a.duckdb.blocks")).expect("remove");
        assert_eq!(rows(&folder, "a.duckdb"), Err(Fault::Corrupt));
    }

    #[test]
    fn incomplete_or_outdated_blocks_are_not_restored() {
        let folder = torn();
        let blocks = folder.path().join("a.duckdb.blocks");
        let content = fs::read(&blocks).expect("read");
        fs::write(&blocks, &content[..content.len() - 1]).expect("truncate");
        assert_eq!(rows(&folder, "a.duckdb"), Err(Fault::Corrupt));
        assert!(!blocks.exists());
        // Blocks of an earlier state: this fold was completed.
        assert_eq!(rows(&folder, "intact.duckdb"), Ok(Some(1001)));
        fs::write(folder.path().join("intact.duckdb.blocks"), &content).expect("write blocks");
        let before = fs::read(folder.path().join("intact.duckdb")).expect("read");
        put_back(&folder.path().join("intact.duckdb")).expect("restore blocks");
        assert!(fs::read(folder.path().join("intact.duckdb")).expect("read") == before);
        assert!(!folder.path().join("intact.duckdb.blocks").exists());
    }

    #[test]
    fn blocks_of_a_failed_fold_stay_locked_until_the_next_fold() {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("a.duckdb");
        let db = Database::open(&path, &DatabaseOptions::default()).expect("open");
        db.execute_batch("create table t as select 1 as x; begin; insert into t values (2)").expect("create");
        db.fold().expect_err("a transaction is open");
        put_back(&path).expect("restore blocks");
        assert!(path_of(&path).exists(), "blocks are kept while the process that saved them is alive");
        db.execute_batch("rollback").expect("rollback");
        db.fold().expect("fold");
        assert!(!path_of(&path).exists());
        drop(db);
        assert_eq!(rows(&folder, "a.duckdb"), Ok(Some(1)));
    }

    #[test]
    fn if_blocks_cannot_be_saved_the_log_is_not_folded() {
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("a.duckdb");
        fs::create_dir(path_of(&path)).expect("create dir");
        let db = Database::open(&path, &DatabaseOptions::default()).expect("open");
        db.execute_batch("create table t as select 1 as x").expect("create");
        let error = db.fold().expect_err("blocks cannot be saved").to_string();
        assert!(error.contains("cannot save blocks next to the database"), "{error}");
        drop(db);
        assert!(path.with_added_extension("wal").exists(), "the log is not folded");
        fs::remove_dir(path_of(&path)).expect("remove dir");
        assert_eq!(rows(&folder, "a.duckdb"), Ok(Some(1)));
    }
}
