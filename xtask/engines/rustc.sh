#!/bin/sh
# Called by cargo instead of rustc for workspace crates. It changes nothing; having a wrapper keeps builds of a copy of the
# workspace separate from builds of the workspace itself.
exec "$@"
