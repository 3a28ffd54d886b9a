//! What a run needs from the machine: a lock, disk space, files, and IDs, plus failpoints for tests.

pub mod disk;
pub mod failpoint;
pub mod fault;
pub mod ids;
pub mod lock;
