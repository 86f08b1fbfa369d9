"""Whether waits on a tram line run by headway are told rightly: `python -m benchmarks.explain.tram FOLDER`.

The folder's day is replayed into a history. Asked at random stops and times, the waits told are compared with those
computed directly from the operator's own stop events.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from api.command.replay import replay
from api.reading.explanations import explain
from feeds.history.store import FOLDER, HistoryStore
from feeds.timetable import load_timetable
from predictor.accuracy.punctuality import OFF_HEADWAY
from predictor.explain.verdict import LONG_WAIT, ON_HEADWAY
from predictor.timetable import Timetable

_AGREE_S = 60.0
_EDGE_S = 3600.0
"""So near to the end of the recording a wait may end after it."""


def main() -> None:
    """Replay, ask, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain.tram", description=__doc__)
    parser.add_argument("folder", type=Path, help="with gtfs.zip, vehicle_positions*.parquet and passages_*.parquet")
    parser.add_argument("--questions", type=int, default=1000, help="pairs of stop and time asked about")
    parser.add_argument("--seed", type=int, default=1, help="another sample of them")
    asked = parser.parse_args()
    timetable = load_timetable(asked.folder / "gtfs.zip").timetable
    events = true_events(asked.folder, timetable)
    with tempfile.TemporaryDirectory() as folder:
        replay(asked.folder, data_dir=Path(folder), progress=False)
        answers = asked_at_random(HistoryStore(Path(folder) / FOLDER), timetable, events, asked.questions, asked.seed)
    _print(answers)


def true_events(folder: Path, tt: Timetable) -> pd.DataFrame:
    """The operator's stop events in order: vehicle, stop, direction, `at` (arrival) and `left` (departure), POSIX
    seconds."""
    events = pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("passages_*.parquet"))])
    trip = events["trip_id"].map(tt.trip_index.__getitem__).to_numpy()
    at, left = events["arrival"].fillna(events["departure"]), events["departure"].fillna(events["arrival"])
    return pd.DataFrame(
        {
            "vehicle": events["vehicle_id"].to_numpy(),
            "stop": events["stop_id"].map(tt.stop_index.__getitem__).to_numpy(),
            "direction": tt.pattern_direction[tt.trip_pattern[trip]],
            "at": at.to_numpy(),
            "left": left.to_numpy(),
        }
    ).sort_values("at", ignore_index=True)


def asked_at_random(
    store: HistoryStore, tt: Timetable, events: pd.DataFrame, questions: int, seed: int
) -> pd.DataFrame:
    """One row for each question that the operator's events answer too: outcome, cause, `told_s`, `true_s` (the waits),
    `headway_s`, and whether the operator has an event of the vehicle told of at that stop. Asked are pairs of stop and
    direction at which the operator had events, all equally often."""
    random = np.random.default_rng(seed)
    places = events[["stop", "direction"]].drop_duplicates().to_numpy().tolist()
    rows = []
    for at in random.uniform(events["at"].min(), events["at"].max() - _EDGE_S, questions).tolist():
        stop, direction = places[int(random.integers(len(places)))]
        some = events[(events["stop"] == stop) & (events["direction"] == direction)]
        came = some[some["left"] >= at]
        for answer in explain(store, tt, stop, at, direction=direction):
            v = answer.verdict
            if v.by_headway and len(came):
                true_s = max(float(came["at"].iloc[0]) - at, 0.0)
                recorded = v.vehicle_id in set(some["vehicle"])
                rows.append((v.outcome, v.cause, v.deviation_s, true_s, v.headway_s, recorded))
    return pd.DataFrame(rows, columns=["outcome", "cause", "told_s", "true_s", "headway_s", "recorded"])


def _print(answers: pd.DataFrame) -> None:
    told_answers = answers[answers["outcome"].isin([ON_HEADWAY, LONG_WAIT]) & answers["told_s"].notna()]
    off = (told_answers["told_s"] - told_answers["true_s"]).to_numpy()
    said_long = told_answers["outcome"] == LONG_WAIT
    both = told_answers[told_answers["recorded"]]
    was_long, as_long = both["true_s"] > (1.0 + OFF_HEADWAY) * both["headway_s"], both["outcome"] == LONG_WAIT
    table = Table(title="waits told against the operator's stop events", title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in (
        ("answers", f"{len(answers):,}"),
        ("a wait told", f"{len(told_answers):,}"),
        ("agree within a minute", f"{np.mean(np.abs(off) <= _AGREE_S):.3f}"),
        ("told too long by more", f"{np.mean(off > _AGREE_S):.3f}"),
        ("told too short by more", f"{np.mean(off < -_AGREE_S):.3f}"),
        (
            "agree, where the operator has an event of that tram",
            f"{np.mean(np.abs(off[told_answers['recorded']]) <= _AGREE_S):.3f}",
        ),
        ("trams that it has no event of", f"{(~told_answers['recorded']).sum()}"),
        ("median difference, s", f"{np.median(np.abs(off)):.0f}"),
        ("long waits there: true, said, both", f"{was_long.sum()}, {as_long.sum()}, {(was_long & as_long).sum()}"),
        ("causes of all long waits said", _counted(told_answers.loc[said_long, "cause"])),
        ("not told", _counted(answers.drop(told_answers.index)["cause"])),
    ):
        table.add_row(name, value)
    Console(width=120).print(table)


def _counted(causes: pd.Series) -> str:
    counts = Counter(causes.tolist())
    return ", ".join(f"{cause or 'none seen'} {count}" for cause, count in counts.most_common())


if __name__ == "__main__":
    main()
