"""The table of verdicts in `docs/reliability.md`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.faults.scenario import Scenario, Verdict, scenarios

BEGIN, END = "<!-- verdicts -->", "<!-- end of verdicts -->"


def write_table(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Put the verdicts in the place of those that stand in the page. Rows of what was not played stay as they
    are, those of scenarios that are no more go."""
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    kept = rows_of(old)
    rows = kept | {verdict.scenario.name: _row(verdict) for verdict in verdicts}
    path.write_text(f"{before}{BEGIN}\n{_table(rows)}{END}{after}")


def rows_of(table: str) -> dict[str, str]:
    """Rows of a table by the scenarios' names."""
    return {found[1]: found[0] for found in re.finditer(r"^\| [^|]+ \| ([^|]+) \| .*$", table, re.MULTILINE)}


def described(found: Scenario) -> str:
    """A scenario as its row begins, without the verdict."""
    return f"| {found.kind} | {found.name} | {found.done} | {found.seen} |"


def _row(verdict: Verdict) -> str:
    word = "holds" if verdict.holds else f"**fails**: {_cell(verdict.wrong)}"
    return f"{described(verdict.scenario)} {word}{'' if verdict.scenario.quick else ', slow'} |"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "/")[:200]


def _table(rows: dict[str, str]) -> str:
    """Rows in the order in which scenarios are declared."""
    body = [rows[found.name] for found in scenarios() if found.name in rows]
    holds = sum("**fails**" not in row for row in body)
    head = "| kind | scenario | what is done | what must be seen | verdict |\n| --- | --- | --- | --- | --- |\n"
    return f"\n{holds} of {len(body)} hold.\n\n{head}" + "\n".join(body) + "\n"
