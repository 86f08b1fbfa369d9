"""Imports run inward: the core knows nobody, faces know no other face."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"predictor", "feeds", "api", "benchmarks", "tests"}
FACES = ("v1", "siri", "pages", "panels", "desk", "networks")
INSIDE = {
    "predictor": {"predictor"},
    "feeds": {"feeds", "predictor"},
    "api/service": {"api.service", "feeds", "predictor"},
    "api/reading": {"api.reading", "api.service", "feeds", "predictor"},
    "api/words": {"api.words", "api.reading", "api.service", "feeds", "predictor"},
    "api/answers": {"api.answers", "api.words", "api.reading", "api.service", "feeds", "predictor"},
    **{
        f"api/{face}": {f"api.{face}", "api.answers", "api.words", "api.reading", "api.service", "feeds", "predictor"}
        for face in FACES
    },
    "api": {"api", "feeds", "predictor"},
}
"""Room, and what it may import of ours."""


def rooms(folder: str) -> Iterator[Path]:
    """The files of a room; of one that holds other rooms, those of the others too."""
    yield from sorted((ROOT / folder).rglob("*.py"))


@cache
def imported(path: Path) -> frozenset[str]:
    """Modules and names that a file imports, also those that it imports only to check types or when needed."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: names are imported by their whole path"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


@pytest.mark.parametrize("folder", INSIDE)
def test_a_room_imports_inward_only(folder: str) -> None:
    may = INSIDE[folder]
    files = list(rooms(folder))
    assert files
    for path in files:
        ours = {name for name in imported(path) if name.split(".")[0] in OURS}
        wrong = {name for name in ours if not any(name == one or name.startswith(f"{one}.") for one in may)}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_every_room_of_the_service_has_its_rule() -> None:
    found = {path.name for path in (ROOT / "api").iterdir() if path.is_dir() and list(path.glob("*.py"))}
    # The command line puts all of it together, as `app.py` does.
    assert found == {folder.removeprefix("api/") for folder in INSIDE if "/" in folder} | {"command"}


def test_the_core_needs_numpy_and_numba_alone_and_neither_files_nor_a_clock() -> None:
    outward = {"asyncio", "datetime", "io", "logging", "os", "pathlib", "socket", "subprocess", "threading", "time"}
    allowed = {"predictor", "numpy", *sys.stdlib_module_names} - outward
    for path in rooms("predictor"):
        foreign = {name.split(".")[0] for name in imported(path)} - allowed
        if path.name in ("compiled.py", "layer_products.py"):
            # What is compiled is kept on disk.
            foreign -= {"numba", "llvmlite", "pathlib"}
        assert not foreign, f"{path.relative_to(ROOT)} imports {sorted(foreign)}"


_ADDRESS_IN_TEMPLATE = re.compile(
    r"""\b(?:href|src|srcset|action|formaction|poster|data-ask|data-stream|data-network)="
    (?!"|[#?]|{{\ (?:root|site|href|asset\(|of\.url)|'\ ~\ site)[^"]*""",
    re.VERBOSE,
)
_ADDRESS_IN_SCRIPT = re.compile(r"""(?<![\w$)\]])(?<!/g, )["'`]/(?:[\w$?]|["'`])[^"'`\n]*""")


@pytest.mark.parametrize("path", sorted((ROOT / "api").rglob("*.*ml")), ids=lambda path: path.name)
def test_every_address_in_a_template_stays_under_the_path_that_a_proxy_serves_us_under(path: Path) -> None:
    outside = _ADDRESS_IN_TEMPLATE.search(path.read_text())
    assert not outside, f'write {{{{ root }}}} before each address of ours, href="{{{{ root }}}}/…", not {outside[0]}'


@pytest.mark.parametrize("path", sorted((ROOT / "api").rglob("*.js")), ids=lambda path: path.name)
def test_every_address_in_a_script_does_too(path: Path) -> None:
    outside = _ADDRESS_IN_SCRIPT.search(path.read_text())
    assert not outside, f"write `${{root}}/…`, root from document.documentElement.dataset, not {outside[0]}"
