"""Fuzzing led by coverage: `python -m tests.fuzz.coverage_guided protobuf` (or gtfs, parquet, learned), with
libFuzzer's options after it, such as -max_total_time=60.

What ends a run is kept in `crash-…` of the working directory; give that file as an option to see it again.
"""

from __future__ import annotations

import io
import logging
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import atheris

# What numba compiles cannot be led: there are no lines in it to count.
with atheris.instrument_imports(include=["feeds"], exclude=["feeds.messages.parts_loop"]):
    from feeds.alerts.decoding import decode_alerts
    from feeds.errors import FeedError
    from feeds.learned_file import read_learned, write_learned
    from feeds.recordings.reports_parquet import read_reports
    from feeds.timetable import load_timetable
    from feeds.trip_updates.decoding import decode_trip_updates
    from feeds.vehicle_positions.decoding import decode_vehicle_positions
    from feeds.vehicle_positions.reports import NUMBER_COLUMNS, TEXT_COLUMNS

import pyarrow as pa
import pyarrow.parquet as pq

from predictor.engine import Engine
from tests.feeds.small_feed import TABLES
from tests.feeds.tiny_network import at, tiny_network
from tests.fuzz.material import message

TIMETABLE = tiny_network()
NOW = at(8, 5)
Target = Callable[[bytes, Path], object]


def protobuf(data: bytes, _: Path) -> None:
    """The three decoders of messages."""
    for decode in (decode_vehicle_positions, decode_trip_updates):
        try:
            decode(data, TIMETABLE, NOW)
        except FeedError:
            continue
    decode_alerts(data)


def gtfs(data: bytes, folder: Path) -> None:
    """A table of the small feed, which the first byte chooses, with these rows."""
    names = list(TABLES)
    tables: dict[str, bytes] = {name: str(text).encode() for name, text in TABLES.items()}
    if data:
        tables[names[data[0] % len(names)]] = data[1:]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"{name}.txt", text)
    (folder / "gtfs.zip").write_bytes(packed.getvalue())
    Engine(load_timetable(folder / "gtfs.zip", cache_dir=None).timetable)


def parquet(data: bytes, folder: Path) -> None:
    """An archive of reports."""
    (folder / "reports.parquet").write_bytes(data)
    read_reports(folder / "reports.parquet")


def learned(data: bytes, folder: Path) -> None:
    """A file of what was learned."""
    (folder / "learned.npz").write_bytes(data)
    read_learned(folder / "learned.npz")


def beginnings(target: Target, folder: Path) -> list[bytes]:
    """What the fuzzer changes first."""
    if target is protobuf:
        return [message(Random(seed), TIMETABLE, NOW).SerializePartialToString() for seed in range(40)]
    if target is gtfs:
        return [bytes([place]) + str(text).encode() for place, text in enumerate(TABLES.values())]
    if target is parquet:
        pq.write_table(pa.table({name: ["1"] for name in (*TEXT_COLUMNS, *NUMBER_COLUMNS)}), folder / "small.parquet")
        return [(folder / "small.parquet").read_bytes()]
    write_learned(folder / "small.npz", Engine(TIMETABLE).learned())
    return [(folder / "small.npz").read_bytes()]


def main() -> None:
    """See the module's docstring."""
    targets: dict[str, Target] = {"protobuf": protobuf, "gtfs": gtfs, "parquet": parquet, "learned": learned}
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit(f"Name one of {', '.join(targets)}.")
    name, *options = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as temporary:
        folder, corpus = Path(temporary), Path(temporary) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(beginnings(targets[name], folder)):
            (corpus / str(number)).write_bytes(data)

        def tried(data: bytes) -> None:
            try:
                targets[name](data, folder)
            except FeedError as error:
                if not str(error):
                    raise AssertionError("refused without a word") from error

        replayed = any(not option.startswith("-") for option in options)
        atheris.Setup([sys.argv[0], *options, *([] if replayed else [str(corpus)])], tried)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
