//! The inputs of a run: compressed contents with their hashes.

use std::io::{Read, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use planalign_config::{DatabaseError, Row};
use sha2::{Digest, Sha256};

use planalign_config::sql::literal;

use crate::duckdb::catalog::{Catalog, failed, list};
use crate::run_store::{Fingerprints, RecordDamage, StoreError, to_hex};

/// Writes all inputs in one statement.
pub(super) fn write(catalog: &Catalog, run_id: &str, fingerprints: &Fingerprints) -> Result<(), StoreError> {
    let (mut kinds, mut names, mut hashes, mut contents) = (vec![], vec![], vec![], vec![]);
    for (kind, entries) in &fingerprints.0 {
        for (name, content) in entries {
            kinds.push(kind);
            names.push(name);
            hashes.push(to_hex(&Sha256::digest(content.as_bytes())));
            contents.push(to_hex(&compress(content)?));
        }
    }
    let sql = catalog.sql(
        "insert into {planalign}.fingerprints
        select ?, kind, name, sha256, unhex(content)
        from (select
            unnest(from_json(?, '[\"VARCHAR\"]')) as kind, unnest(from_json(?, '[\"VARCHAR\"]')) as name,
            unnest(from_json(?, '[\"VARCHAR\"]')) as sha256, unnest(from_json(?, '[\"VARCHAR\"]')) as content)",
    );
    let values = [run_id.into(), list(&kinds)?, list(&names)?, list(&hashes)?, list(&contents)?];
    catalog.db.execute(&sql, &values).map_err(failed("record the inputs of the run"))?;
    Ok(())
}

/// Removes the recorded inputs of a run.
pub(super) fn remove(catalog: &Catalog, run_id: &str) -> Result<(), StoreError> {
    let sql = catalog.sql("delete from {planalign}.fingerprints where run_id = ?");
    catalog.db.execute(&sql, &[run_id.into()]).map_err(failed("remove the inputs of the run"))?;
    Ok(())
}

/// Reads either the kept or the compared inputs, and checks each content against its hash.
pub(super) fn read(catalog: &Catalog, run_id: &str, kept: bool) -> Result<Fingerprints, StoreError> {
    let kinds = Fingerprints::KEPT.map(|kind| literal(kind.as_str())).join(", ");
    let sql = catalog.sql(&format!(
        "select kind, name, sha256, content from {{planalign}}.fingerprints where run_id = ? and (kind in ({kinds})) = {kept}"
    ));
    let table = catalog.db.query(&sql, &[run_id.into()]).map_err(failed("read the inputs of the run"))?;
    let mut fingerprints = Fingerprints::default();
    for row in &table.rows {
        let (kind, name, content) = entry(row).map_err(failed("read the inputs of the run"))?;
        let content = content.map_err(|cause| StoreError::damaged(&format!("{kind} {name}"), cause))?;
        fingerprints.insert(kind.into(), [(name, content)]);
    }
    Ok(fingerprints)
}

type Entry = (String, String, Result<String, RecordDamage>);

/// The kind, name, and content of a row.
fn entry(row: &Row) -> Result<Entry, DatabaseError> {
    let text = |column| Ok::<_, DatabaseError>(row.text(column)?.unwrap_or_default());
    let content = content_of(row.blob("content")?.unwrap_or_default(), &text("sha256")?);
    Ok((text("kind")?, text("name")?, content))
}

fn content_of(compressed: &[u8], sha256: &str) -> Result<String, RecordDamage> {
    let mut content = String::new();
    let mut decoder = ZlibDecoder::new(compressed);
    decoder.read_to_string(&mut content).map_err(|e| RecordDamage::Compression(Arc::new(e)))?;
    if sha256 == to_hex(&Sha256::digest(content.as_bytes())) { Ok(content) } else { Err(RecordDamage::OtherHash) }
}

fn compress(content: &str) -> Result<Vec<u8>, StoreError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(content.as_bytes()).and_then(|()| encoder.finish());
    written.map_err(|e| StoreError::damaged("a fingerprint", RecordDamage::Compression(Arc::new(e))))
}
