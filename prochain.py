"""Real-time bus and tram arrival predictions, as a library: the calls of the documentation, each typed.

    import prochain

    timetable = prochain.load_timetable("gtfs.zip").timetable
    recording = prochain.open_recording("recording", timetable)
    engine = prochain.Engine(timetable)
    for now, reading in recording.frames(recording.first_at, recording.last_at, every=30.0, heed=engine.heed):
        snapshot = engine.step(reading.observations, now, reading.trip_updates)

What a name stands for is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.command.learning import learn as learn
    from api.command.replay import replay as replay
    from api.reading.explanations import explain as explain
    from api.reading.explanations import explain_line as explain_line
    from benchmarks.accuracy.recorded_days import judge as judge
    from feeds.errors import FeedError as FeedError
    from feeds.history.store import HistoryStore as HistoryStore
    from feeds.learned_file import read_learned as read_learned
    from feeds.learned_file import write_learned as write_learned
    from feeds.recordings.recording import Recording as Recording
    from feeds.recordings.recording import open_recording as open_recording
    from feeds.timetable import LoadedTimetable as LoadedTimetable
    from feeds.timetable import load_timetable as load_timetable
    from predictor.engine import Engine as Engine
    from predictor.engine import EngineSettings as EngineSettings
    from predictor.learned import Learned as Learned
    from predictor.observations import Observations as Observations
    from predictor.snapshot import Snapshot as Snapshot
    from predictor.timetable import Timetable as Timetable
    from predictor.trip_updates import TripUpdates as TripUpdates

_HOMES = {
    "Engine": "predictor.engine",
    "EngineSettings": "predictor.engine",
    "FeedError": "feeds.errors",
    "HistoryStore": "feeds.history.store",
    "Learned": "predictor.learned",
    "LoadedTimetable": "feeds.timetable",
    "Observations": "predictor.observations",
    "Recording": "feeds.recordings.recording",
    "Snapshot": "predictor.snapshot",
    "Timetable": "predictor.timetable",
    "TripUpdates": "predictor.trip_updates",
    "explain": "api.reading.explanations",
    "explain_line": "api.reading.explanations",
    "judge": "benchmarks.accuracy.recorded_days",
    "learn": "api.command.learning",
    "load_timetable": "feeds.timetable",
    "open_recording": "feeds.recordings.recording",
    "read_learned": "feeds.learned_file",
    "replay": "api.command.replay",
    "write_learned": "feeds.learned_file",
}

__all__ = sorted(_HOMES)

# Installed, the rooms lie in this package (see `hatch_build.py`); in the repository beside this file.
_ROOT = f"{__name__}." if "__path__" in globals() else ""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{_ROOT}{_HOMES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return __all__


def main() -> None:
    """The command line."""
    from benchmarks.command import app

    app()


if __name__ == "__main__":
    main()
