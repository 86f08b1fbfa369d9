"""The notebook runs from its first cell to its last, on a few minutes of one bus."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.api.test_cli import EIGHT, message
from tests.feeds.small_feed import write_feed

ROOT = Path(__file__).parents[1]


def test_the_notebook_goes_from_a_folder_to_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_feed(tmp_path / "gtfs.zip")
    for after in range(-120, 300, 20):
        (tmp_path / f"vehicle_positions_{int(EIGHT) + after}.pb").write_bytes(message(EIGHT + after))
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RECORDING": str(tmp_path)}
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    said = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    assert "Town Buses: 3 stops, 1 trips" in said
    assert "08:0" in said.splitlines()[-1], "the last cell explains"
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
