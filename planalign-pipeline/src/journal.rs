//! Numbers the events of a run, tells the listeners, and keeps them until they are written down.

use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use jiff::Timestamp;
use planalign_registries::{RunEvent, RunEventKind};

/// Where the events of one execution come from.
pub(crate) struct Journal<'a> {
    run_id: String,
    next: u64,
    started: Instant,
    now: &'a dyn Fn() -> Timestamp,
    listener: Sender<RunEvent>,
    /// Told, and not yet written to the store.
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

    /// Tells the listeners now; the event is written with the next batch.
    pub(crate) fn emit(&mut self, kind: RunEventKind) {
        let event = self.number(kind);
        self.tell(&event);
        self.unwritten.push(event);
    }

    /// Makes an event that is to be written with the batch and told once that is committed.
    pub(crate) fn prepare(&mut self, kind: RunEventKind) -> RunEvent {
        let event = self.number(kind);
        self.unwritten.push(event.clone());
        event
    }

    /// Tells the listeners of a prepared event.
    pub(crate) fn tell(&self, event: &RunEvent) {
        // Nobody may be listening; the journal in the store is complete all the same.
        let _ = self.listener.send(event.clone());
    }

    /// What is to be written.
    pub(crate) fn unwritten(&self) -> &[RunEvent] {
        &self.unwritten
    }

    /// Called once the batch is safe.
    pub(crate) fn written(&mut self) {
        self.unwritten.clear();
    }

    /// Takes back prepared events of a batch that was not committed, from this one on.
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
