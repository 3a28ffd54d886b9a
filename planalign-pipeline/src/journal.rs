//! Numbers the events of a run, publishes them, and buffers them until they are recorded.

use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use jiff::Timestamp;
use planalign_registries::{RunEvent, RunEventKind};

/// The events of one execution.
pub(crate) struct Journal<'a> {
    run_id: String,
    next: u64,
    started: Instant,
    now: &'a dyn Fn() -> Timestamp,
    listener: Sender<RunEvent>,
    /// Events not yet recorded in the store.
    unwritten: Vec<RunEvent>,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(run_id: &str, last: u64, now: &'a dyn Fn() -> Timestamp, listener: Sender<RunEvent>) -> Self {
        let (run_id, next) = (run_id.to_owned(), last + 1);
        Self { run_id, next, started: Instant::now(), now, listener, unwritten: Vec::new() }
    }

    /// Time since the execution began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Publishes an event now; it is recorded with the next batch.
    pub(crate) fn emit(&mut self, kind: RunEventKind) {
        let event = self.number(kind);
        self.publish(&event);
        self.unwritten.push(event);
    }

    /// Creates an event to record with the batch and publish after its commit.
    pub(crate) fn prepare(&mut self, kind: RunEventKind) -> RunEvent {
        let event = self.number(kind);
        self.unwritten.push(event.clone());
        event
    }

    /// Publishes a prepared event to the listener.
    pub(crate) fn publish(&self, event: &RunEvent) {
        // There may be no listener; the journal in the store is complete regardless.
        let _ = self.listener.send(event.clone());
    }

    /// The events to record.
    pub(crate) fn unwritten(&self) -> &[RunEvent] {
        &self.unwritten
    }

    /// Marks the batch as recorded.
    pub(crate) fn written(&mut self) {
        self.unwritten.clear();
    }

    /// Discards the prepared events of a batch that was not committed.
    pub(crate) fn withdraw(&mut self, prepared: &[RunEvent]) {
        if let Some(first) = prepared.first() {
            self.unwritten.retain(|e| e.sequence < first.sequence);
            self.next = first.sequence;
        }
    }

    fn number(&mut self, kind: RunEventKind) -> RunEvent {
        let sequence = self.next;
        self.next += 1;
        RunEvent { sequence, run_id: self.run_id.clone(), timestamp: (self.now)(), since_start: self.elapsed(), kind }
    }
}
