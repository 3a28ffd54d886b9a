//! Delimited text: CSV as payroll systems and spreadsheets of several countries write it.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::sheet::Sheet;

/// The delimiters that are tried.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// How many rows decide about the delimiter.
const ROWS_LOOKED_AT: usize = 200;

/// A file of delimited text.
#[derive(Debug)]
pub(super) struct Delimited {
    pub(super) sheet: Sheet,
    pub(super) delimiter: char,
    /// The encoding, if it isn't UTF-8.
    pub(super) encoding: Option<&'static str>,
}

/// A quote that is never closed, and the row where it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenQuote(pub(super) u64);

/// Reads the rows of a file.
pub(super) fn read(bytes: &[u8]) -> Result<Delimited, OpenQuote> {
    let (text, encoding) = decoded(bytes);
    // Lines end with either character or both, even in one file.
    let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text };
    let (named, body, first) = named_delimiter(&text);
    let delimiter = named.unwrap_or_else(|| likely_delimiter(body));
    let sheet = rows(body, delimiter, first)?;
    Ok(Delimited { sheet, delimiter: delimiter.into(), encoding })
}

/// The text, and its encoding if it isn't UTF-8.
fn decoded(bytes: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    let with = |encoding: &'static Encoding| encoding.decode(bytes).0;
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return (with(encoding), (encoding != encoding_rs::UTF_8).then(|| encoding.name()));
    }
    // In UTF-16, every second byte of a header is zero.
    let start = &bytes[..bytes.len().min(64)];
    let zeros = |from: usize| start.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    for (from, encoding) in [(1, UTF_16LE), (0, UTF_16BE)] {
        if zeros(from) * 3 > start.len() {
            return (with(encoding), Some(encoding.name()));
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), None),
        Err(_) => (with(WINDOWS_1252), Some(WINDOWS_1252.name())),
    }
}

/// The delimiter that a first line `sep=;` names for Excel, the text below it, and the number of its first row.
fn named_delimiter(text: &str) -> (Option<u8>, &str, u64) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let name = line.trim().trim_matches('"').strip_prefix("sep=").map(str::as_bytes);
    match name {
        Some([delimiter]) => (Some(*delimiter), rest, 2),
        _ => (None, text, 1),
    }
}

/// The delimiter that gives the most rows the same number of cells, more than one.
fn likely_delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let mut lengths = std::collections::BTreeMap::<usize, usize>::new();
        for record in reader(text, delimiter).byte_records().take(ROWS_LOOKED_AT).flatten() {
            *lengths.entry(record.len()).or_default() += 1;
        }
        let most = lengths.into_iter().filter(|(length, _)| *length > 1).max_by_key(|(length, rows)| (*rows, *length));
        most.map_or((0, 0), |(length, rows)| (rows, length))
    };
    // The first of several with the same score.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
}

/// The rows of the text, of which the first has this number.
fn rows(text: &str, delimiter: u8, first: u64) -> Result<Sheet, OpenQuote> {
    let mut sheet = Sheet::default();
    let mut reader = reader(text, delimiter);
    let mut record = csv::StringRecord::new();
    // Line breaks in cells, which begin a line of the file but not a row.
    let mut breaks = 0;
    while reader.read_record(&mut record).unwrap_or(false) {
        breaks += record.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count() as u64;
        // The reader is past the last line of the record, unless the file ends there.
        let is_ended = reader.position().byte() < text.len() as u64 || text.ends_with('\n');
        sheet.start_row(reader.position().line() - u64::from(is_ended) - breaks + first - 1);
        for cell in &record {
            sheet.add(cell);
        }
    }
    let last = sheet.row_count().checked_sub(1).map(|last| sheet.row(last));
    match last {
        Some(row) if row.cells().any(|cell| cell.contains('\n')) && ends_in_quotes(text, delimiter) => {
            // The line break at the end of the file is in the cell, too.
            Err(OpenQuote(row.number + u64::from(text.ends_with('\n'))))
        }
        _ => Ok(sheet),
    }
}

/// Whether the text ends within quotes.
fn ends_in_quotes(text: &str, delimiter: u8) -> bool {
    let (mut quoted, mut at_start) = (false, true);
    for byte in text.bytes() {
        match byte {
            b'"' if quoted || at_start => quoted = !quoted,
            _ => {}
        }
        // A quote within quotes is written twice: the second one opens them again.
        at_start = !quoted && (byte == delimiter || matches!(byte, b'"' | b'\n'));
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let delimited = read(bytes).expect("no open quote");
        let text =
            delimited.sheet.rows().map(|row| format!("{}: {}", row.number, row.cells().collect::<Vec<_>>().join("¦")));
        text.collect()
    }

    #[test]
    fn the_delimiter_is_the_one_that_makes_a_table() {
        for delimiter in [",", ";", "\t", "|"] {
            let text = ["a", "b", "c"].join(delimiter)
                + "\n"
                + &["1", "2,5 or \"2.5\"", "x;y"]
                    .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
                    .join(delimiter);
            assert_eq!(lines(text.as_bytes()), ["1: a¦b¦c", "2: 1¦2,5 or \"2.5\"¦x;y"], "{delimiter}");
        }
        assert_eq!(lines(b"sep=;\na;b,c\n1;2\n"), ["2: a¦b,c", "3: 1¦2"]);
        assert_eq!(lines(b"id;pay\n1;50,5\n2;60,5\n"), ["1: id¦pay", "2: 1¦50,5", "3: 2¦60,5"]);
    }

    #[test]
    fn other_encodings_are_read() {
        let text = "id,name\n1,Ren\u{e9}e\n";
        let utf16 = |big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let with_mark = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin")).collect();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), None),
            (with_mark(b"\xef\xbb\xbf", text.as_bytes()), None),
            (with_mark(b"\xff\xfe", &utf16(false)), Some("UTF-16LE")),
            (utf16(false), Some("UTF-16LE")),
            (with_mark(b"\xfe\xff", &utf16(true)), Some("UTF-16BE")),
            (latin, Some("windows-1252")),
        ] {
            assert_eq!(lines(&bytes), ["1: id¦name", "2: 1¦Ren\u{e9}e"]);
            assert_eq!(read(&bytes).expect("read").encoding, encoding);
        }
    }

    #[test]
    fn rows_have_the_numbers_that_spreadsheets_show() {
        let text = "a,b\r\n1,\"x\r\ny\"\r\n\r\n2,z\n3,w\r\n";
        assert_eq!(lines(text.as_bytes()), ["1: a¦b", "2: 1¦x\ny", "4: 2¦z", "5: 3¦w"]);
        assert_eq!(lines(b"a,b\r1,x\r2,y\r"), ["1: a¦b", "2: 1¦x", "3: 2¦y"]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_found() {
        assert_eq!(read(b"a,b\n1,\"x\n2,y\n3,z\n").map(|_| ()), Err(OpenQuote(2)));
        for closed in ["a,b\n1,\"x\ny\"", "a,b\n1,5\" pipe\n2,x\n", "a,b\n1,\"x\"\"\ny\"\n", "a,b\n\"\",\"\"\n"] {
            assert!(read(closed.as_bytes()).is_ok(), "{closed}");
        }
    }
}
