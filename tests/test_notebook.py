"""The notebook runs from its first cell to its last, on a few minutes of one bus, and so does the README's program."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import prochain
from tests.api.test_cli import EIGHT, message
from tests.feeds.small_feed import write_feed

ROOT = Path(__file__).parents[1]


def record(folder: Path) -> None:
    write_feed(folder / "gtfs.zip")
    for after in range(-120, 300, 20):
        (folder / f"vehicle_positions_{int(EIGHT) + after}.pb").write_bytes(message(EIGHT + after))


def test_the_readmes_program_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recording").mkdir()
    record(tmp_path / "recording")
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    exec(program, {})
    assert capsys.readouterr().out == "1 vehicles, 0 predictions\n"
    # What else takes a place takes its name too.
    counts = prochain.replay("recording", passages="passages.parquet", tides="tides", data_dir="data", progress=False)
    assert counts["passages"] >= 1
    learned, _ = prochain.learn("recording", progress=False)
    prochain.write_learned("learned.npz", learned)
    assert prochain.read_learned("learned.npz").taught == learned.taught
    assert {path.name for path in Path().iterdir()} == {"recording", "passages.parquet", "tides", "data", "learned.npz"}
    assert prochain.HistoryStore("data/history").accuracy


def test_the_notebook_goes_from_a_folder_to_plots(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    pytest.importorskip("matplotlib")
    record(tmp_path)
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RECORDING": str(tmp_path)}
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    said = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    assert "Town Buses: 3 stops, 1 trips" in said
    assert "08:0" in said.splitlines()[-1], "the last cell explains"
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
