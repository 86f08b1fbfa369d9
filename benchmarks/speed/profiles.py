"""Where the time goes, as flame graphs: a step at 10,000 vehicles, first answers, hours of a recorded day."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast
from urllib.parse import quote

from api.command.replay import replay
from api.service.clock import ShiftedClock
from api.service.service import Service, one_matrix_thread
from benchmarks.speed.serving import FIRST_ASKED, VIEW_EVERY_S, ask_each, demo
from benchmarks.speed.towns import POLL_S, STARTS_AT, Towns, message_file, timetable_of
from feeds.learned_file import ready_made
from feeds.vehicle_positions.decoding import decode_vehicle_positions
from predictor.engine import Engine

_VEHICLES, _WARM_UP, _STEPS, _VIEWS = 10_000, 12, 40, 12
_SAMPLES_A_S = 250
_FIRST_MINUTES, _HOURS = ("2015-11-17 06:50", "2015-11-17 07:00"), ("2015-11-17 07:00", "2015-11-17 09:00")


def draw(folder: Path, data: Path) -> None:
    """Write a flame graph of each work into a folder; that of a replay where `data` has the recording.

    py-spy, which looks into the process from outside, may need the rights of root.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for work in ("step", "departures", "stop page", "replay"):
        picture = folder / f"{work.replace(' ', '-')}.svg"
        if work != "replay" or (data / "pvta-2015").is_dir():
            # In processes of their own: what one has warmed up is none of the next one's time.
            command = [sys.executable, "-m", __name__, work, str(picture), str(data)]
            subprocess.run(command, check=True)  # noqa: S603


@contextmanager
def _drawn(picture: Path) -> Iterator[None]:
    """What this process does meanwhile, as a picture."""
    py_spy = Path(sys.executable).with_name("py-spy")
    command = [
        str(py_spy), "record", "--pid", str(os.getpid()), "--output", str(picture), "--rate", str(_SAMPLES_A_S),
        "--function",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as spying:  # noqa: S603
        # It says that it samples before it does.
        cast(IO[str], spying.stdout).readline()
        try:
            yield
        finally:
            spying.send_signal(signal.SIGINT)
            spying.communicate()
    # py-spy's title is its command.
    drawn = picture.read_text(encoding="utf-8")
    picture.write_text(re.sub(r"[^>]*py-spy record [^<]*", picture.stem.replace("-", " "), drawn), encoding="utf-8")


def _step(picture: Path) -> None:
    with TemporaryDirectory() as written:
        folder = Towns(Path(written)).of(_VEHICLES, _WARM_UP + _STEPS)
        timetable = timetable_of(folder)
        one_matrix_thread()
        engine = Engine(timetable, learned=ready_made())

        def step(number: int) -> None:
            now = STARTS_AT + number * POLL_S
            observations = decode_vehicle_positions(message_file(folder, number).read_bytes(), timetable, now)
            engine.step(observations, now)

        for number in range(_WARM_UP):
            step(number)
        with _drawn(picture):
            for number in range(_WARM_UP, _WARM_UP + _STEPS):
                step(number)


def _first_asked(path: str) -> Callable[[Path], None]:
    def ask(picture: Path) -> None:
        with TemporaryDirectory() as folder:
            app = demo(folder)
            service: Service = app.state.service
            paths = [path.format(quote(str(stop), safe="")) for stop in service.timetable.stop_id]

            def view() -> None:
                service.clock = ShiftedClock(service.clock.now() + VIEW_EVERY_S)
                service.step(service.clock.now())
                asyncio.run(ask_each(app, paths))

            view()
            view()
            with _drawn(picture):
                for _ in range(_VIEWS):
                    view()

    return ask


def _replay(data: Path) -> Callable[[Path], None]:
    def written(picture: Path) -> None:
        with TemporaryDirectory() as folder:
            replayed = partial(
                replay, data / "pvta-2015", predictions=Path(folder) / "predictions.parquet", progress=False
            )
            # Compiled loops are taken from the disk when they are first called.
            replayed(*_FIRST_MINUTES)
            with _drawn(picture):
                replayed(*_HOURS)

    return written


if __name__ == "__main__":
    works = {"step": _step, "replay": _replay(Path(sys.argv[3]))}
    works |= {work: _first_asked(path) for work, path in FIRST_ASKED.items()}
    works[sys.argv[1]](Path(sys.argv[2]))
