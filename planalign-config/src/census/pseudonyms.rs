//! IDs in place of Social Security numbers.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Shorter keys could be guessed.
const SHORTEST: usize = 16;

/// A secret that replaces Social Security numbers by IDs: the same for the same number, and useless without the secret.
#[derive(Clone)]
pub struct PseudonymKey(Vec<u8>);

/// A file isn't usable as a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PseudonymKeyError {
    /// The file can't be read.
    #[error("cannot read the pseudonym key `{path}`")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// Others can read the file.
    #[error("the pseudonym key `{path}` can be read by others")]
    Public {
        /// The file.
        path: String,
    },
    /// The file is too short.
    #[error("the pseudonym key `{path}` has fewer than {SHORTEST} bytes")]
    Short {
        /// The file.
        path: String,
    },
}

impl PseudonymKey {
    /// Reads a key from a file that only its owner can read.
    pub fn read(path: &Path) -> Result<Self, PseudonymKeyError> {
        let name = || path.display().to_string();
        let unreadable = |cause| PseudonymKeyError::Unreadable { path: name(), cause };
        let mut file = File::open(path).map_err(unreadable)?;
        if is_public(&file.metadata().map_err(unreadable)?) {
            return Err(PseudonymKeyError::Public { path: name() });
        }
        let mut key = Vec::new();
        file.read_to_end(&mut key).map_err(unreadable)?;
        // An editor may have added a line break, which isn't part of the secret.
        key.truncate(key.trim_ascii_end().len());
        if key.len() < SHORTEST {
            return Err(PseudonymKeyError::Short { path: name() });
        }
        Ok(Self(key))
    }

    /// Returns what identifies the key without revealing it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hexadecimal(&Sha256::digest([b"planalign pseudonym key ".as_slice(), &self.0].concat()))[..16].to_owned()
    }

    /// The ID for a Social Security number, whatever separates its digits; `None` if it doesn't have nine.
    pub(super) fn pseudonym(&self, ssn: &str) -> Option<String> {
        let ssn = ssn.trim();
        let ssn = ssn.strip_suffix(".0").unwrap_or(ssn);
        let digits: String = ssn.chars().filter(char::is_ascii_digit).collect();
        let separators = ssn.chars().filter(|c| !c.is_ascii_digit()).all(|c| matches!(c, '-' | ' '));
        // Spreadsheets drop leading zeros.
        if !separators || !(7..=9).contains(&digits.len()) {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{digits:0>9}").as_bytes());
        Some(format!("P{}", &hexadecimal(&mac.finalize().into_bytes())[..24]))
    }
}

/// Never shows the key.
impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PseudonymKey({})", self.fingerprint())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(unix)]
fn is_public(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_public(_: &fs::Metadata) -> bool {
    false
}
