"""The simulator's towns side by side on a weekday morning, written to a folder: what most figures are measured on."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds.simulator import Simulator
from feeds.timetable import load_timetable
from predictor.timetable import Timetable

DAY = date(2026, 11, 24)
VEHICLES_A_TOWN = 89
"""Of the simulator, at 8 o'clock on a weekday."""
STARTS_AT = datetime(DAY.year, DAY.month, DAY.day, 8, tzinfo=ZoneInfo(Simulator.timezone)).timestamp()
POLL_S = 10.0
_HOURS = (7.9, 8.7)


class Towns:
    """Folders of towns, each made when it is first asked for: `gtfs.zip`, the timetable read of it, and the vehicles'
    messages of every ten seconds from `STARTS_AT` on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, vehicles: int, messages: int) -> Path:
        """The folder of about so many vehicles, with so many messages at least."""
        folder = self._folder / f"{vehicles}"
        folder.mkdir(exist_ok=True)
        missing = {0: not (folder / "gtfs.zip").exists(), messages: not message_file(folder, messages - 1).exists()}
        # Processes of their own: their memory is none of what is measured.
        commands = [
            [sys.executable, "-m", __name__, str(folder), str(vehicles), str(number)]
            for number, is_missing in missing.items()
            if is_missing
        ]
        running = [subprocess.Popen(command) for command in commands]  # noqa: S603
        for process in running:
            if process.wait():
                raise RuntimeError(f"{vehicles:,} vehicles could not be written to {folder}")
        return folder


def message_file(folder: Path, number: int) -> Path:
    """The message with that number, 0 for that of `STARTS_AT`."""
    return folder / f"{number}.pb"


def timetable_of(folder: Path) -> Timetable:
    """Out of the cache, where it has been read to: what reading takes is no memory of the caller's."""
    return load_timetable(folder / "gtfs.zip", cache_dir=folder / "cache", to_be_served=True).timetable


def _write(folder: Path, vehicles: int, messages: int) -> None:
    """So many messages; the feed where that is none."""
    simulator = Simulator(scale=max(1, round(vehicles / VEHICLES_A_TOWN)), window=_HOURS)
    for number in range(messages):
        message_file(folder, number).write_bytes(simulator.vehicle_positions(STARTS_AT + number * POLL_S))
    if not messages:
        simulator.write_gtfs(folder / "gtfs.zip", DAY, 1)


if __name__ == "__main__":
    written, told = Path(sys.argv[1]), int(sys.argv[3])
    _write(written, int(sys.argv[2]), told)
    if not told:
        timetable_of(written)
