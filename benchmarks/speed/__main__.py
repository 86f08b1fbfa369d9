"""`python -m benchmarks.speed`: the same as `prochain bench`."""

import typer

from benchmarks.command import bench

typer.run(bench)
