//! What a run needs of the machine: a lock, free space and files, names, and the points where tests make it fail.

pub mod disk;
pub mod failpoint;
pub mod fault;
pub mod ids;
pub mod lock;
