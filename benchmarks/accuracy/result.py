"""Everything one run of the judge found, and its JSON and Parquet forms."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.accuracy.judging import MEDIAN, PUBLISHED, Judged
from benchmarks.accuracy.runs import Runs
from benchmarks.accuracy.tables import ALL, BEFORE_START, LIVE, Tables

REFERENCE = "schedule + delay"
"""The method that ours stands beside wherever there is room for one only."""


@dataclass(frozen=True, eq=False)
class Result:
    """What was judged, and the figures."""

    network: str
    judged_days: str
    train_days: str
    truth: str
    truth_counts: Mapping[str, int]
    judged: Judged
    runs: Runs
    tables: Tables

    def sets(self) -> list[str]:
        """Sets of predictions to show: those that are not empty, all live ones only where they differ from the rest."""
        sizes = self.tables.methods.groupby("predictions_of", sort=False).predictions.max()
        return [str(name) for name, size in sizes.items() if size > 0 and (name != LIVE or sizes[BEFORE_START] > 0)]

    def of_set(self, name: str) -> pd.DataFrame:
        """Rows of `Tables.methods` about one set of predictions."""
        return self.tables.methods[self.tables.methods.predictions_of == name]

    def by_group(self, dimension: str) -> pd.DataFrame:
        """One row a group, in the timetable's order: ours beside `REFERENCE`, over all horizons.

        Columns: `predictions`, `mae` (of the median), `eta`, `missed` (of the published time), `coverage`, `width_s`,
        `mae_reference`, `eta_reference`, `available`, `passages`.
        """
        rows = self.tables.groups
        rows = rows[(rows.dimension == dimension) & (rows.bucket == ALL)]
        of = {m: rows[rows.method == m].set_index("group") for m in (MEDIAN, PUBLISHED, REFERENCE)}
        available = self.tables.availability
        available = available[available.dimension == dimension].set_index("group")
        table = of[PUBLISHED][["predictions", "eta", "missed", "coverage", "width_s"]].join(of[MEDIAN][["mae"]])
        table = table.join(of[REFERENCE][["mae", "eta"]].add_suffix("_reference"))
        return table.join(available[["available", "passages"]])

    def write_json(self, path: Path) -> None:
        """All tables as records; figures that do not exist are null. Stops have no buckets here (Parquet has them)."""
        document: dict[str, Any] = {
            "network": self.network, "judged_days": self.judged_days, "train_days": self.train_days,
            "truth": {"source": self.truth, "counts": dict(self.truth_counts)}, "predictions": dict(self.judged.counts),
            "poll_s": self.judged.poll_s,
            "completeness": {"scheduled": self.judged.scheduled_calls, "complete": self.judged.complete_calls},
        }  # fmt: skip
        groups = self.tables.groups
        brief = groups[(groups.dimension != "stop") | (groups.bucket == ALL)]
        for name, table in (("methods", self.tables.methods), ("ranges", self.tables.ranges), ("groups", brief),
                            ("availability", self.tables.availability)):  # fmt: skip
            document[name] = [_finite(row) for row in table.to_dict("records")]
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def write_parquet(self, path: Path) -> None:
        """All tables in one, told apart by the column `table`."""
        parts = [
            getattr(self.tables, name).assign(table=name) for name in ("methods", "ranges", "groups", "availability")
        ]
        joined = pd.concat(parts, ignore_index=True).assign(
            network=self.network, judged_days=self.judged_days, train_days=self.train_days
        )
        joined.to_parquet(path, index=False)


def _finite(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(key): None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()
    }
