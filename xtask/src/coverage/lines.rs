//! From regions to lines.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::map::Region;

/// How often each line with code ran, as llvm-cov counts it: as often as the most frequent of the regions that begin on it
/// and of the one in which it begins, which is the innermost. A line in no region has no code.
pub(crate) fn hits_by_line(regions: &BTreeMap<Region, u64>) -> BTreeMap<usize, u64> {
    let lines = regions.keys().flat_map(|region| region.start.0..=region.end.0);
    let mut hits: BTreeMap<usize, u64> = lines.map(|line| (line, 0)).collect();
    for (&line, hits) in &mut hits {
        let beginning = regions.iter().filter(|(region, _)| region.start.0 == line).map(|(_, &hits)| hits);
        let containing = regions.iter().filter(|(region, _)| region.start.0 < line && line <= region.end.0);
        let around = containing.max_by_key(|(region, _)| (region.start, Reverse(region.end)));
        *hits = beginning.chain(around.map(|(_, &hits)| hits)).max().unwrap_or(0);
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    type Place = (usize, usize);

    fn check(regions: &[(Place, Place, u64)], expect: &[(usize, u64)]) {
        let regions = regions.iter().map(|&(start, end, hits)| (Region { start, end }, hits)).collect();
        assert_eq!(hits_by_line(&regions).into_iter().collect::<Vec<_>>(), expect);
    }

    #[test]
    fn a_line_belongs_to_the_innermost_region() {
        check(&[((1, 1), (5, 2), 3), ((2, 9), (4, 6), 0)], &[(1, 3), (2, 3), (3, 0), (4, 0), (5, 3)]);
    }

    #[test]
    fn lines_in_no_region_have_no_code() {
        check(&[((1, 1), (1, 9), 1), ((4, 1), (4, 9), 0)], &[(1, 1), (4, 0)]);
    }

    #[test]
    fn the_most_frequent_region_of_a_line_counts() {
        check(&[((1, 1), (1, 9), 1), ((1, 9), (1, 20), 0)], &[(1, 1)]);
        check(&[((1, 1), (3, 2), 0), ((2, 1), (2, 9), 4)], &[(1, 0), (2, 4), (3, 0)]);
    }
}
