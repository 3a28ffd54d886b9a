#!/bin/sh
# What cargo calls for the crates of this workspace, and for them alone, when their coverage is measured: rustc with counters.
# Threads of a test share the counters, so they are counted up atomically. Names stay unpacked, which saves an unpacker.
exec "$@" -C instrument-coverage -C llvm-args='-instrprof-atomic-counter-update-all -enable-name-compression=false'
