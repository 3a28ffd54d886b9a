//! Which regions of the source an instrumented program counts: the coverage map that rustc writes into it.
//!
//! The layout is that of LLVM's "Code Coverage Mapping Format", version 6 and later.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

use super::Malformed;
use super::bytes::Bytes;
use super::profile::Counts;

/// A piece of code that runs as a whole: from a line and column to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Region {
    /// Line and column of its first character, from 1.
    pub(crate) start: (usize, usize),
    /// Line and column behind its last character.
    pub(crate) end: (usize, usize),
}

/// How often the regions of each file ran.
pub(crate) type Hits = BTreeMap<PathBuf, BTreeMap<Region, u64>>;

/// Marks a column of a gap between statements, which says nothing of its line.
const GAP: u64 = 1 << 31;

/// Adds how often the regions of a program ran.
pub(crate) fn add_hits(program: &[u8], counts: &Counts, hits: &mut Hits) -> Result<(), Malformed> {
    let file = object::File::parse(program).map_err(|_| Malformed("it is no program"))?;
    let section = |name| {
        let found = file.section_by_name(name).and_then(|section| section.data().ok());
        found.map(Bytes).ok_or(Malformed("it has no coverage map"))
    };
    let files = read_files(section("__llvm_covmap")?)?;
    let mut functions = section("__llvm_covfun")?;
    while !functions.is_empty() {
        let (name, length) = (functions.u64()?, functions.u32()? as usize);
        let (flow, files_of) = (functions.u64()?, functions.u64()?);
        let mapping = Bytes(functions.take(length)?);
        skip_padding(&mut functions, 28 + length);
        let files = files.get(&files_of).ok_or(Malformed("a function names unknown files"))?;
        add_function(mapping, files, counts.of((name, flow)), hits)?;
    }
    Ok(())
}

/// Reads the lists of files, by the hash with which functions name them.
fn read_files(mut section: Bytes) -> Result<HashMap<u64, Vec<PathBuf>>, Malformed> {
    let mut lists = HashMap::new();
    while !section.is_empty() {
        let (_, length, _, _version) = (section.u32()?, section.u32()? as usize, section.u32()?, section.u32()?);
        let list = section.take(length)?;
        skip_padding(&mut section, length);
        lists.insert(Bytes(&md5::compute(list).0).u64()?, read_list(Bytes(list))?);
    }
    Ok(lists)
}

/// The first entry is the folder in which rustc ran; the others are relative to it. rustc is told not to pack the list.
fn read_list(mut list: Bytes) -> Result<Vec<PathBuf>, Malformed> {
    let (count, _, packed) = (list.size()?, list.size()?, list.size()?);
    if packed > 0 {
        return Err(Malformed("a list of files is packed"));
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for _ in 0..count {
        let length = list.size()?;
        let name = String::from_utf8_lossy(list.take(length)?).into_owned();
        files.push(files.first().map_or(PathBuf::from(&name), |folder| folder.join(Path::new(&name))));
    }
    Ok(files)
}

/// Records begin at multiples of eight bytes.
fn skip_padding(section: &mut Bytes, length: usize) {
    let padding = length.next_multiple_of(8) - length;
    section.0 = section.0.get(padding..).unwrap_or_default();
}

fn add_function(mut mapping: Bytes, files: &[PathBuf], counts: &[u64], hits: &mut Hits) -> Result<(), Malformed> {
    let count = mapping.size()?;
    let files_of: Vec<usize> = (0..count).map(|_| mapping.size()).collect::<Result<_, _>>()?;
    let count = mapping.size()?;
    let sums = (0..count).map(|_| Ok((mapping.leb()?, mapping.leb()?))).collect::<Result<Vec<_>, _>>()?;
    let counters = Counters { counts, sums };
    for file in files_of {
        let file = files.get(file).ok_or(Malformed("a function names an unknown file"))?;
        let regions = hits.entry(file.clone()).or_default();
        let mut line = 0;
        for _ in 0..mapping.size()? {
            let counter = counter_of_region(&mut mapping)?;
            line += mapping.size()?;
            let (start, lines, end) = (mapping.size()?, mapping.size()?, mapping.leb()?);
            if let Some(counter) = counter.filter(|_| end & GAP == 0) {
                let end = (line + lines, usize::try_from(end).unwrap_or(usize::MAX));
                let sum = regions.entry(Region { start: (line, start), end }).or_default();
                *sum = sum.saturating_add(counters.value(counter)?);
            }
        }
    }
    Ok(())
}

/// What counts the next region; nothing for one that is no code: a macro's expansion, or the two ways of a branch.
fn counter_of_region(mapping: &mut Bytes) -> Result<Option<u64>, Malformed> {
    const EXPANSION: u64 = 4;
    let head = mapping.leb()?;
    match (head & 3, head & EXPANSION, head >> 3) {
        (0, 0, 0) => Ok(Some(0)),
        (0, EXPANSION, _) => Ok(None),
        (0, _, 4) => mapping.leb().and(mapping.leb()).map(|_| None),
        (0, ..) => Err(Malformed("a region is of an unknown kind")),
        _ => Ok(Some(head)),
    }
}

/// The counters of a function: those that it has, and those that are sums and differences of others.
struct Counters<'a> {
    counts: &'a [u64],
    sums: Vec<(u64, u64)>,
}

impl Counters<'_> {
    /// How often a counter was reached; one that the program does not have was never.
    fn value(&self, counter: u64) -> Result<u64, Malformed> {
        self.signed(counter, 0).map(|value| u64::try_from(value.max(0)).unwrap_or(u64::MAX))
    }

    /// In a process that ended amid its work the parts of a difference need not fit, so that it is below zero.
    fn signed(&self, counter: u64, depth: usize) -> Result<i128, Malformed> {
        let index = usize::try_from(counter >> 2).map_err(|_| Malformed("a counter has no number"))?;
        let kind = counter & 3;
        if kind <= 1 {
            return Ok(if kind == 0 { 0 } else { self.counts.get(index).copied().unwrap_or(0).into() });
        }
        let &(left, right) = self.sums.get(index).ok_or(Malformed("a sum is not there"))?;
        if depth > self.sums.len() {
            return Err(Malformed("a sum is a part of itself"));
        }
        let (left, right) = (self.signed(left, depth + 1)?, self.signed(right, depth + 1)?);
        Ok(if kind == 2 { left.saturating_sub(right) } else { left.saturating_add(right) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first counter, and the first sum as a difference and as a sum.
    const COUNTER: u8 = 1;
    const DIFFERENCE: u8 = 2;
    const SUM: u8 = 3;

    /// Hits of a function in the file `/w/a.rs` whose first sum is made of its counters 0 and 1.
    fn hits(regions: &[&[u8]], counts: &[u64]) -> Result<Vec<(Region, u64)>, Malformed> {
        let files = [PathBuf::from("/w"), PathBuf::from("/w/a.rs")];
        let count = u8::try_from(regions.len()).expect("few regions");
        let mut mapping = vec![1, 1, 1, COUNTER, COUNTER | 1 << 2, count];
        mapping.extend(regions.concat());
        let mut hits = Hits::new();
        add_function(Bytes(&mapping), &files, counts, &mut hits)?;
        Ok(hits.remove(&files[1]).expect("file").into_iter().collect())
    }

    fn region(start: (usize, usize), end: (usize, usize)) -> Region {
        Region { start, end }
    }

    #[test]
    fn a_region_has_its_place_and_its_hits() {
        let regions: [&[u8]; 4] =
            [&[COUNTER, 3, 5, 2, 7], &[DIFFERENCE, 1, 1, 0, 9], &[SUM, 1, 1, 0, 9], &[0, 1, 1, 0, 9]];
        let expected = [
            (region((3, 5), (5, 7)), 10),
            (region((4, 1), (4, 9)), 6),
            (region((5, 1), (5, 9)), 14),
            (region((6, 1), (6, 9)), 0),
        ];
        assert_eq!(hits(&regions, &[10, 4]).expect("hits"), expected);
    }

    #[test]
    fn what_the_program_does_not_have_was_never_reached() {
        let regions: [&[u8]; 2] = [&[COUNTER, 1, 1, 0, 2], &[DIFFERENCE, 1, 1, 0, 2]];
        assert_eq!(hits(&regions, &[]).expect("hits").iter().map(|hit| hit.1).sum::<u64>(), 0);
        assert_eq!(hits(&regions[1..], &[1, 2]).expect("hits")[0].1, 0, "a difference below zero");
    }

    #[test]
    fn gaps_expansions_and_branches_are_no_code() {
        let gap: &[u8] = &[COUNTER, 1, 1, 0, 0x80, 0x80, 0x80, 0x80, 0x08];
        let branch: &[u8] = &[4 << 3, COUNTER, COUNTER, 1, 1, 0, 2];
        let expansion: &[u8] = &[4, 1, 1, 0, 2];
        let code: &[u8] = &[COUNTER, 1, 1, 0, 2];
        assert_eq!(hits(&[gap, branch, expansion, code], &[1]).expect("hits"), [(region((4, 1), (4, 2)), 1)]);
        assert_eq!(hits(&[&[5 << 3, 1, 1, 0, 2]], &[]), Err(Malformed("a region is of an unknown kind")));
    }

    #[test]
    fn a_list_of_files_is_relative_to_its_folder() {
        let expected = ["/w", "/w/a.rs", "/b.rs"].map(PathBuf::from);
        let names = b"\x02/w\x04a.rs\x05/b.rs".as_slice();
        assert_eq!(read_list(Bytes(&[&[3, 14, 0], names].concat())).expect("list"), expected);
        assert_eq!(read_list(Bytes(&[&[3, 14, 9], names].concat())), Err(Malformed("a list of files is packed")));
    }
}
