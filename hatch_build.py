"""Builds the wheel: all of it under one name, `prochain`, so that no folder of its users called `api` or `feeds` gets
in its way, nor it in theirs. What package indexes show of the README has no link that leads nowhere there."""

from __future__ import annotations

import ast
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOMS = ("predictor", "feeds", "api", "benchmarks")
FOR_THE_TESTS = ("benchmarks/faults", "benchmarks/field", "benchmarks/ready_made.py")
"""Not in the wheel: they need the repository around them."""
_NAMED = "|".join(ROOMS)
_FROM = re.compile(rf"^(\s*from )((?:{_NAMED})(?:\.[\w.]+)? import )", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|mailto:)([^)\s]+)\)")
_PICTURE = re.compile(r'<img src="(?!https?:)([^"]+)"([^>]*)>')
SOURCE = "PROCHAIN_SOURCE_URL"
"""Where the repository's files can be read, as https://host/owner/prochain/blob/v1.0: from the environment of whoever
builds for an index."""
_RUN = "from prochain import main\n\nmain()\n"


class UnderOneName(BuildHookInterface[Any]):
    """See the module's docstring."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """The rooms go into the package, each import of theirs by its name there. An editable install has them as they
        lie in the repository."""
        if version == "editable":
            return
        root = Path(self.root)
        self._made = tempfile.TemporaryDirectory()
        package = Path(self._made.name)
        for path in [root / "prochain.py", *(path for room in ROOMS for path in sorted((root / room).rglob("*")))]:
            name = path.relative_to(root)
            if not path.is_file() or "__pycache__" in name.parts or name.as_posix().startswith(FOR_THE_TESTS):
                continue
            target = package / ("__init__.py" if name.name == "prochain.py" else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            target.write_bytes(renamed(content.decode(), name).encode() if path.suffix == ".py" else content)
        (package / "__main__.py").write_text(_RUN)
        (package / "py.typed").touch()
        build_data["force_include"][str(package)] = "prochain"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """What was made for the wheel is in it."""
        if version != "editable":
            self._made.cleanup()


class ReadmeOfIndexes(MetadataHookInterface):
    """See the module's docstring."""

    def update(self, metadata: dict[str, Any]) -> None:
        """The README is shown far from the files that it links to."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        shown = linked_absolutely(text, os.environ.get(SOURCE, ""))
        metadata["readme"] = {"content-type": "text/markdown", "text": shown}


def linked_absolutely(text: str, source: str) -> str:
    """Markdown with its links to files by their addresses under `source`; where that is "", without links and pictures
    that would lead nowhere."""
    if not source:
        return _PICTURE.sub("", _LINK.sub(r"\1", text))
    base = source.rstrip("/")
    text = _PICTURE.sub(lambda found: f'<img src="{base}/{found[1]}?raw=true"{found[2]}>', text)
    return _LINK.sub(lambda found: f"[{found[1]}]({base}/{found[2]})", text)


def renamed(source: str, name: Path) -> str:
    """A module's source with what it imports of ours by the names of the package. Errors: ValueError for an import that
    would not be found there."""
    text = _FROM.sub(r"\1prochain.\2", source)
    for node in ast.walk(ast.parse(text)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(module.partition(".")[0] in ROOMS for module in modules):
            raise ValueError(f"{name}, line {getattr(node, 'lineno', 0)}: write this import as “from … import …”.")
    return text
