"""How long vehicles truly wait, stand, stray and keep silent: `python -m benchmarks.endings FOLDER`.

The recording is replayed, and every spell of each kind is followed to its end: did the vehicle then go on with the very
run that it was on, or never? The limits at which a prediction ends (`predictor.endings`) are chosen by these shares.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from feeds.learned_file import ready_made
from feeds.recordings.recording import open_recording
from feeds.timetable import load_timetable
from predictor.engine import Engine
from predictor.explain.traces import SILENT_S, TraceFollower, Traces
from predictor.passages import Passages
from predictor.snapshot import IN_SERVICE, LAYOVER, OFF_ROUTE
from predictor.timetable import Timetable

MINUTES = (2, 3, 5, 8, 10, 15, 20, 30, 45)
RUN = ["vehicle", "trip", "day", "shift"]


def main() -> None:
    """Replay, follow, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endings", description=__doc__)
    parser.add_argument("folder", type=Path, help="with gtfs.zip and vehicle positions")
    parser.add_argument("--from", dest="first", help="local date or time, by default the whole recording")
    parser.add_argument("--to", dest="last", help="local date or time")
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two polls")
    asked = parser.parse_args()
    timetable = load_timetable(asked.folder / "gtfs.zip").timetable
    traces, passages = replayed(asked.folder, timetable, asked.first, asked.last, asked.every)
    console = Console(width=140)
    for title, spells in spells_of(timetable, traces, passages).items():
        console.print(_table(title, spells))


def replayed(
    folder: Path, timetable: Timetable, first: str | None, last: str | None, every_s: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Traces of all vehicles and the passages found, one row each."""
    recording = open_recording(folder, timetable)
    start = pd.Timestamp(first, tz=timetable.timezone).timestamp() if first else recording.first_at
    end = pd.Timestamp(last, tz=timetable.timezone).timestamp() if last else recording.last_at
    engine, follower = Engine(timetable, learned=ready_made()), TraceFollower()
    traces: list[pd.DataFrame] = []
    passages: list[pd.DataFrame] = []
    for now, reading in recording.frames(start, end, every_s):
        snapshot = engine.step(reading.observations, now, reading.trip_updates)
        traces.append(_trace_rows(follower.follow(snapshot.vehicles)))
        passages.append(_passage_rows(snapshot.passages))
    traces.append(_trace_rows(follower.end_all()))
    return pd.concat(traces, ignore_index=True), pd.concat(passages, ignore_index=True)


def spells_of(timetable: Timetable, traces: pd.DataFrame, passages: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Spells by kind, each with how long it lasted (`minutes`) and whether its run then went on (`went_on`)."""
    tt = timetable
    on = traces[traces.trip >= 0]
    due = tt.date_origin[on.day] + on["shift"] + tt.trip_start_s[on.trip]
    journeys, stands = on[~on.standing], on[on.standing]
    later = passages.assign(at=passages.departure.fillna(passages.arrival))

    waits = journeys.assign(due=due[~on.standing])[lambda t: t.state == LAYOVER]
    waits = waits.assign(minutes=(waits.until - waits.due) / 60.0)
    on_the_way = (stands.from_call > 0) & (stands.from_call < tt.trip_calls[stands.trip] - 1)
    still = stands[(stands.state == IN_SERVICE) & on_the_way]
    still = still.assign(minutes=(still.until - still.since) / 60.0)
    away = journeys[journeys.state == OFF_ROUTE]
    away = away.assign(minutes=(away.until - away.since) / 60.0)
    heard = traces[~traces.standing].sort_values("since")
    heard = heard.assign(minutes=(heard.groupby("vehicle").since.shift(-1) - heard.until) / 60.0)
    under_way = (heard.trip >= 0) & (heard.to_call < tt.trip_calls[heard.trip] - 1)
    silent = heard[(heard.state == IN_SERVICE) & under_way & (heard.minutes > SILENT_S / 60.0)]
    return {
        "Waits at the first stop, by minutes past departure": _followed(waits[waits.minutes > 0], later),
        "Stands on the way": _followed(still, later),
        "Off the line": _followed(away, later),
        "Silences on the way": _followed(silent, later),
    }


def _followed(spells: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Whether the same vehicle was seen passing a stop of the same run after each spell."""
    newest = later.groupby(RUN).at.max().rename("newest")
    joined = spells.join(newest, on=RUN)
    return spells.assign(went_on=(joined.newest > joined.until).to_numpy())


def _trace_rows(traces: Traces) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "vehicle": traces.vehicle_id, "trip": traces.trip, "day": traces.service_day, "shift": traces.shift_s,
            "standing": traces.standing, "state": traces.state, "since": traces.since, "until": traces.until,
            "from_call": traces.from_call, "to_call": traces.to_call,
        }
    )  # fmt: skip


def _passage_rows(passages: Passages) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "vehicle": passages.vehicle_id, "trip": passages.trip, "day": passages.service_day,
            "shift": passages.shift_s, "arrival": passages.arrival, "departure": passages.departure,
        }
    )  # fmt: skip


def _table(title: str, spells: pd.DataFrame) -> Table:
    table = Table(title=f"{title}: {len(spells):,} spells")
    for column in ("lasted at least", "spells", "share of all", "then went on with the run", "share"):
        table.add_column(column, justify="right")
    for minutes in MINUTES:
        long = spells[spells.minutes >= minutes]
        went_on = int(long.went_on.sum())
        share = f"{went_on / len(long):.0%}" if len(long) else "–"
        table.add_row(
            f"{minutes} min", f"{len(long):,}", f"{len(long) / max(len(spells), 1):.1%}", f"{went_on:,}", share
        )
    return table


if __name__ == "__main__":
    main()
