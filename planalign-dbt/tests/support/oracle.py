"""Builds projects with real dbt, for `cargo xtask projects`.

Reads a JSON list from standard input, one object per project:
    {"name": text, "project": folder, "profiles": folder, "environment": {name: value}, "database": file, "steps": [step, ...]}
A step is {"sql": text} or {"build": [argument, ...]}. Writes a JSON list to standard output: for each project the list of
outcomes of its builds. An outcome is an object of status by node (`model a`), or dbt's message if it failed as a whole.
dbt's messages are also printed to standard error.

Every step runs in a fork of this process, which has dbt imported: dbt keeps connections, macros, and flags between calls.
"""

import json
import os
import sys
import tempfile
import traceback

import duckdb
from dbt.cli.main import dbtRunner

FLAGS = ["--quiet", "--no-use-colors", "--no-partial-parse", "--no-version-check", "--log-level-file", "none"]


def build(job, arguments):
    os.environ.update(job["environment"])
    folders = ["--project-dir", job["project"], "--profiles-dir", job["profiles"], "--profile", "oracle"]
    with tempfile.TemporaryDirectory() as work:
        scratch = ["--target-path", f"{work}/target", "--log-path", f"{work}/logs"]
        ended = dbtRunner().invoke(["build", *arguments, *FLAGS, *folders, *scratch])
    if not hasattr(ended.result, "results"):
        print(f"{job['name']}: {ended.exception}", file=sys.stderr)
        return str(ended.exception)
    for result in ended.result.results:
        if result.status == "error":
            print(f"{job['name']}: {result.message}", file=sys.stderr)
    return {f"{result.node.resource_type} {result.node.name}": str(result.status) for result in ended.result.results}


def step(job, step):
    if "sql" in step:
        with duckdb.connect(job["database"]) as connection:
            connection.execute(step["sql"])
        return None
    return build(job, step["build"])


def forked(work):
    """Returns what `work` returns in a child process, whose output is dropped."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            with os.fdopen(writer, "w") as pipe:
                json.dump(work(), pipe)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def outcomes(job):
    steps = [forked(lambda: step(job, s)) for s in job["steps"]]
    return [outcome for outcome in steps if outcome is not None]


json.dump([outcomes(job) for job in json.load(sys.stdin)], sys.stdout)
