"""An engine in one process and readers in others: what a view costs on its way, and what readers feel."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import quote

from fastapi import FastAPI

from api.app import create_app
from api.service.demo import demo_service
from api.service.exchange import Exchange, FolderExchange, RedisExchange
from api.service.published_view import Packing, Unpacking
from api.service.publisher import Publisher, timetable_name
from api.service.reader import Reader
from api.service.settings import Settings
from benchmarks.speed.figure import Figure
from benchmarks.speed.serving import answers_a_cpu_s, application_server, called_stops
from benchmarks.speed.towns import Towns
from benchmarks.speed.while_stepping import MESSAGES, VEHICLES, rest, step, told_waits, town_service

_TIMES = 5
_CONNECTS_WITHIN_S = 5.0


def figures(towns: Towns) -> list[Figure]:
    """All of them."""
    return [*views(towns, 500), *views(towns, VEHICLES), *boards(), *waits_elsewhere(towns)]


def views(towns: Towns, vehicles: int) -> list[Figure]:
    """A view from one process to another, through memory and, where a redis-server is installed, through Redis."""
    found, town = [], towns.of(vehicles, MESSAGES)
    step(town)
    with TemporaryDirectory() as folder, ExitStack() as held:
        service = town_service(str(town))
        packing = Packing(service.clock, 5.0)
        of = f"a view of {len(service.snapshot.vehicles):,} vehicles, {len(service.snapshot.predictions):,} predictions"
        packed = packing.packed(service.view, "0")
        found.append(Figure(f"{of}: as bytes", len(packed) / 1e6, "MB"))
        found.append(Figure(f"{of}: packed", _ms(lambda: packing.packed(service.view, "1")), "ms"))
        exchanges: dict[str, Exchange] = {"memory": FolderExchange(Path(folder))}
        if shutil.which("redis-server"):
            redis = exchanges["Redis"] = RedisExchange(held.enter_context(_redis()), "bench")
            found.append(Figure(f"{of}: compressed", len(redis.compressed(packed)) / 1e6, "MB"))
        for way, exchange in exchanges.items():
            exchange.keep(timetable_name(packing.timetable.name), packing.timetable.packed)
            publish_ms = _ms(lambda exchange=exchange: exchange.publish("1", packed))  # type: ignore[misc]
            unpacking = Unpacking(lambda name, exchange=exchange: exchange.get(timetable_name(name)) or b"")  # type: ignore[misc]
            began = time.perf_counter()
            _load(unpacking, exchange)
            first_ms = 1e3 * (time.perf_counter() - began)
            found += [
                Figure(f"{of}: published through {way}", publish_ms, "ms"),
                Figure(f"{of}: first loaded through {way}, with its timetable", first_ms, "ms"),
                Figure(f"{of}: loaded through {way}", _ms(partial(_load, unpacking, exchange)), "ms"),
            ]
    return found


def boards() -> list[Figure]:
    """Boards of the demo's busiest stop, of a process that reads views beside one that has the engine too."""
    with TemporaryDirectory() as folder, ExitStack() as held:
        engine = held.enter_context(application_server(partial(_demo_engine, folder)))
        reader = held.enter_context(application_server(partial(_reader, folder)))
        stop = quote(called_stops(reader.base).most_common(1)[0][0], safe="")
        rates = [answers_a_cpu_s(server, f"/v1/stops/{stop}/departures") for server in (engine, reader)]
    return [
        Figure("departures, warm, of a process with the engine", rates[0], "answers a CPU second"),
        Figure("departures, warm, of one that reads views", rates[1], "answers a CPU second"),
    ]


def waits_elsewhere(towns: Towns, vehicles: int = VEHICLES) -> list[Figure]:
    """p99 of boards of a process that reads views, while the engine steps in another."""
    town = towns.of(vehicles, MESSAGES)
    rest(town)
    with TemporaryDirectory() as folder, ExitStack() as held:
        held.enter_context(application_server(partial(_engine, str(town), folder)))
        reader = held.enter_context(application_server(partial(_reader, folder)))
        return told_waits(reader.base, town, vehicles, " of a reader of views")


def _engine(town: str, folder: str, _: str) -> FastAPI:
    service = town_service(town)
    Publisher(service, FolderExchange(Path(folder))).start()
    return create_app(service)


def _demo_engine(folder: str, own: str) -> FastAPI:
    service = demo_service(Settings.model_validate({"cache_dir": Path(own)}))
    Publisher(service, FolderExchange(Path(folder))).start()
    return create_app(service)


def _reader(folder: str, _: str) -> FastAPI:
    reader = Reader(FolderExchange(Path(folder)))
    reader.start()
    if not reader.wait(120.0):
        raise RuntimeError("no view came")
    return create_app(reader, reads=True)


@contextmanager
def _redis() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "redis.sock"
        command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            until = time.monotonic() + _CONNECTS_WITHIN_S
            while not path.exists() and time.monotonic() < until:
                time.sleep(0.01)
            yield f"unix://{path}"
        finally:
            process.terminate()
            process.wait()


def _load(unpacking: Unpacking, exchange: Exchange) -> None:
    packed = exchange.view()
    if packed is None:
        raise RuntimeError("no view is there")
    unpacking.view(packed)


def _ms(work: Callable[[], object]) -> float:
    """The median of some times."""
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        taken.append(1e3 * (time.perf_counter() - began))
    return median(taken)
