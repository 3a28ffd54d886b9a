//! Reads the log of the latest run, `logs/<run id>.jsonl`, and lists how long each stage took and which findings are still open.
//!
//! Run a simulation in this folder first.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::time::Duration;

use planalign_registries::{JournalView, RunEvent, RunEventKind};

fn main() -> Result<(), Box<dyn Error>> {
    // Run IDs sort by start time.
    let logs: Result<Vec<_>, _> = fs::read_dir("logs")?.map(|entry| Ok::<_, std::io::Error>(entry?.path())).collect();
    let latest = logs?.into_iter().max().ok_or("nothing has run here")?;
    let log = fs::read_to_string(latest)?;
    let events: Vec<RunEvent> = log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;

    let mut times: BTreeMap<&str, Duration> = BTreeMap::new();
    for event in &events {
        if let RunEventKind::StageFinished { stage, elapsed, .. } = &event.kind {
            *times.entry(stage).or_default() += *elapsed;
        }
    }
    println!("time by stage: {times:?}");
    assert!(times.contains_key("EVENT_GENERATION"));

    let journal = JournalView::new(&events);
    for finding in journal.findings() {
        println!("{} {}: {}", finding.year, finding.rule, finding.message);
    }
    assert_eq!(journal.last_sequence(), events.len() as u64);
    Ok(())
}
