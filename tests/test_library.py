"""What is installed is one package, whole by itself, and gives the documented calls by its name."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import prochain
from hatch_build import linked_absolutely, renamed

ROOT = Path(__file__).parents[1]
# The wheel is built once for all.
pytestmark = pytest.mark.xdist_group("library")
SEEN = """
import json, sys, time
import prochain
heavy = sorted({"numpy", "pandas", "pyarrow", "fastapi", "matplotlib"} & set(sys.modules))
for name in prochain.__all__:
    getattr(prochain, name)
import prochain.benchmarks.command, prochain.api.app, prochain.api.words.texts
from prochain.feeds.learned_file import ready_made
templates = prochain.api.answers.frame.templates('').list_templates()
ours = sorted(name for name in sys.modules if name.partition(".")[0] in ("predictor", "feeds", "api", "benchmarks"))
print(json.dumps([heavy, ours, ready_made().net is not None, "stop.html" in templates,
                  prochain.api.words.texts.texts_in('fr').language]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """What Python says where a user's folder has modules by the names of our rooms."""
    for room in ("api", "feeds", "predictor", "benchmarks"):
        (folder / room).mkdir(exist_ok=True)
        (folder / room / "__init__.py").write_text("raise ImportError('theirs')")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_brings_one_name_and_none_of_what_tests_need(installed: Path) -> None:
    found = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert found == {"prochain"}
    held = {path.relative_to(installed / "prochain").as_posix() for path in (installed / "prochain").rglob("*")}
    needed = {"py.typed", "api/static/board.js", "api/locale/en.toml", "benchmarks/accuracy/report.html.jinja"}
    assert needed <= held
    assert not {name for name in held if name.startswith(("tests", "benchmarks/field", "benchmarks/faults"))}
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "prochain = prochain:main" in entry_points.read_text()


def test_folders_of_its_users_do_not_get_in_its_way_and_nothing_heavy_is_imported(
    installed: Path, tmp_path: Path
) -> None:
    assert json.loads(run(installed, tmp_path, "-c", SEEN)) == [[], [], True, True, "fr"]
    assert "judge" in run(installed, tmp_path, "-m", "prochain", "--help")


def test_no_link_of_the_readme_leads_nowhere_where_an_index_shows_it(installed: Path) -> None:
    (described,) = installed.glob("*.dist-info/METADATA")
    shown = described.read_text()
    assert "Description-Content-Type: text/markdown" in shown
    assert "docs/api.md shows the answers" in shown
    readme = (ROOT / "README.md").read_text()
    placed = linked_absolutely(readme, "https://example.org/prochain/blob/main/")
    for text in (shown, placed):
        targets = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
        assert all(target.startswith(("https://", "#")) for target in targets), targets
    assert "[docs/api.md](https://example.org/prochain/blob/main/docs/api.md)" in placed
    assert '"https://example.org/prochain/blob/main/docs/screenshots/home-360-light.webp?raw=true"' in placed


def test_an_import_that_would_not_be_found_there_stops_the_build() -> None:
    name = Path("api/x.py")
    assert renamed("from feeds.errors import FeedError\n", name) == "from prochain.feeds.errors import FeedError\n"
    assert renamed("def f():\n    from api import app\n", name) == "def f():\n    from prochain.api import app\n"
    for source in ("import feeds.errors\n", "import os, api\n"):
        with pytest.raises(ValueError, match=r"api/x\.py, line 1"):
            renamed(source, name)


def test_what_a_type_checker_sees_is_what_there_is() -> None:
    (checked,) = [
        node
        for node in ast.parse((ROOT / "prochain.py").read_text()).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    seen = {
        alias.asname: f"{node.module}"
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == prochain._HOMES
    assert all(getattr(prochain, name).__doc__ for name in prochain.__all__)
    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        prochain.predict  # noqa: B018
