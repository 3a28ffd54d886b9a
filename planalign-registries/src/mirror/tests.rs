//! Checkpoint mirrors in a folder.

use super::*;
use crate::checkpoint::CheckpointStatus;

fn checkpoint(sequence: u64, year: i32, stage: &str) -> WorkflowCheckpoint {
    WorkflowCheckpoint {
        run_id: "r1".to_owned(),
        sequence,
        key: CheckpointKey { year, stage: stage.to_owned() },
        saved_at: "2026-01-02T03:04:05Z".parse().expect("time"),
        status: CheckpointStatus::Complete,
        elapsed: std::time::Duration::from_millis(12),
        state: Vec::new(),
        registries: Vec::new(),
        fingerprint: "f".to_owned(),
        built_by: [("runner".to_owned(), "embedded".to_owned())].into(),
    }
}

fn names(mirror: &CheckpointMirror) -> Vec<String> {
    let entries = fs::read_dir(&mirror.folder).expect("read").map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("text")).collect();
    names.sort();
    names
}

#[test]
fn the_last_checkpoint_is_found_from_the_file_names_alone() {
    let folder = tempfile::tempdir().expect("temp dir");
    let mirror = CheckpointMirror::new(&folder.path().join("a.duckdb"), "r1");
    assert_eq!(mirror.last(), None);
    mirror.write(&checkpoint(9, 2026, "STATE_ACCUMULATION")).expect("write");
    mirror.write(&checkpoint(10, 2026, "VALIDATION")).expect("write");
    fs::write(mirror.folder.join("notes.json"), "mine").expect("write");
    fs::write(mirror.folder.join("000011_2026_REPORTING.json.part"), "half").expect("write");
    assert_eq!(names(&mirror)[..2], ["000009_2026_STATE_ACCUMULATION.json", "000010_2026_VALIDATION.json"]);
    let key = CheckpointKey { year: 2026, stage: "VALIDATION".to_owned() };
    assert_eq!(mirror.last(), Some(MirroredCheckpoint { sequence: 10, key }));
    let text = fs::read_to_string(mirror.folder.join("000009_2026_STATE_ACCUMULATION.json")).expect("read");
    assert_eq!(
        serde_json::from_str::<WorkflowCheckpoint>(&text).expect("JSON"),
        checkpoint(9, 2026, "STATE_ACCUMULATION")
    );
}

#[test]
fn missing_changed_and_extra_files_are_corrected() {
    let folder = tempfile::tempdir().expect("temp dir");
    let mirror = CheckpointMirror::new(&folder.path().join("a.duckdb"), "r1");
    let all = [checkpoint(1, 2025, "FOUNDATION"), checkpoint(2, 2025, "VALIDATION")];
    mirror.align(&all).expect("align");
    fs::write(mirror.folder.join("000001_2025_FOUNDATION.json"), "{}").expect("write");
    mirror.write(&checkpoint(3, 2026, "FOUNDATION")).expect("write");
    fs::write(mirror.folder.join("notes.txt"), "mine").expect("write");
    mirror.align(&all).expect("align");
    assert_eq!(names(&mirror), ["000001_2025_FOUNDATION.json", "000002_2025_VALIDATION.json", "notes.txt"]);
    let text = fs::read(mirror.folder.join("000001_2025_FOUNDATION.json")).expect("read");
    assert_eq!(text, content(&all[0]).expect("JSON"));
}

#[test]
fn each_database_and_run_has_its_own_mirror() {
    let folder = tempfile::tempdir().expect("temp dir");
    let [a, b] = ["a.duckdb", "b.duckdb"].map(|name| folder.path().join(name));
    for (database, run) in [(&a, "r1"), (&a, "r2"), (&b, "r1")] {
        CheckpointMirror::new(database, run).write(&checkpoint(1, 2025, "FOUNDATION")).expect("write");
    }
    assert_eq!(mirrored_runs(&a), ["r1", "r2"]);
    forget_mirrors_but(&a, "r2").expect("forget");
    assert_eq!((mirrored_runs(&a), mirrored_runs(&b)), (vec!["r2".to_owned()], vec!["r1".to_owned()]));
    forget_mirrors_but(&a, "r3").expect("forget");
    assert!(mirrored_runs(&a).is_empty());
    assert!(mirrored_runs(Path::new("nowhere/c.duckdb")).is_empty());
}
