"""What an engine has learned, as a file: written whole or not at all, refused where this version cannot use it."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from functools import lru_cache
from pathlib import Path

import numpy as np

from feeds.errors import FeedError
from feeds.storage.whole_file import regular, write_npz
from predictor.arrays import AnyArray
from predictor.calibration import Calibration
from predictor.features import FEATURES
from predictor.learned import Learned
from predictor.quantile_net import QuantileNet

_log = logging.getLogger("prochain")
_PAUSES_S = (1.0, 5.0, 15.0, 40.0, 60.0)

FORMAT = 1
"""Goes up when the meaning of what is stored changes. A network also names the features it was trained on."""
_PARTS = ("net", "times", "timing", "trips", "due", "stood")


class UnreadableError(FeedError):
    """The file may be sound: the system gives nothing of it."""


def write_learned(path: str | Path, learned: Learned) -> None:
    """Keep `learned` at `path`. Errors: OSError."""
    named: dict[str, AnyArray] = {"format": np.asarray(FORMAT)}
    if learned.net is not None:
        named |= {f"net.{name}": array for name, array in learned.net.arrays().items()}
        named["features"] = np.asarray(FEATURES)
        named["taught"] = np.asarray(learned.taught)
    if learned.calibration is not None:
        named["shift"] = learned.calibration.shift
    parts = learned.travel_times, learned.timing_points, learned.trip_history, learned.always_due, learned.stood
    for part, arrays in zip(_PARTS[1:], parts, strict=True):
        named |= {f"{part}.{name}": array for name, array in arrays.items()}
    if learned.told is not None:
        named |= {"told": np.frombuffer(learned.told[0], np.uint8), "told_at": np.asarray(learned.told[1])}
    named["backward_links"] = learned.backward_links
    write_npz(Path(path), named)


def keep_learned(path: Path, learned: Learned) -> Path:
    """Keep `learned` at `path`, tried for some minutes; then in the user's own or the system's folder for what passes:
    it may have cost hours. Where it is now. Errors: FeedError where nothing can be written anywhere."""
    for pause_s in _PAUSES_S:
        try:
            write_learned(path, learned)
        except OSError as error:
            reason = error.strerror or str(error)
            _log.warning("%s: cannot be written (%s); tried again in %.0f s.", path, reason, pause_s)
            time.sleep(pause_s)
        else:
            return path
    for folder in (path.parent, Path.home(), Path(tempfile.gettempdir())):
        elsewhere = folder / (path.name if folder == path.parent else f"prochain-{os.getpid()}-{path.name}")
        try:
            write_learned(elsewhere, learned)
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            _log.warning("%s: cannot be written; what was learned is at %s.", path, elsewhere)
            return elsewhere
    raise FeedError(f"{path}: cannot be written, nor can anything elsewhere ({reason}); what was learned is lost.")


def read_learned(path: str | Path) -> Learned:
    """What `write_learned` kept; without its network where that was trained on other features than today's.

    Errors: FeedError where the file is missing, damaged, or of another format; UnreadableError.
    """
    try:
        with np.load(regular(Path(path)), allow_pickle=False) as stored:
            named = {name: stored[name] for name in stored.files}
        if int(named["format"]) != FORMAT:
            raise FeedError(
                f"{path}: of format {int(named['format'])}, not {FORMAT}; make it anew with prochain learn."
            )
        part = {
            part: {name.removeprefix(f"{part}."): named[name] for name in named if name.startswith(f"{part}.")}
            for part in _PARTS
        }
        for name in named:
            if name.startswith(("times.", "timing.", "trips.")):
                _refuse_absurd(name, named[name])
        net = calibration = None
        taught = 0
        if part["net"] and tuple(named["features"].tolist()) == FEATURES:
            net = QuantileNet.from_arrays(part["net"])
            calibration = Calibration(named.get("shift"))
            taught = int(named.get("taught", 0))
        backward = named.get("backward_links", np.empty(0, np.str_))
        told = (named["told"].tobytes(), float(named["told_at"])) if "told" in named else None
        return Learned(
            net, calibration, taught, part["times"], part["timing"], part["trips"], backward, part["due"],
            part["stood"], told,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise FeedError(
            f"{path}: there is no such file; make one with prochain learn FOLDER --model {path}."
        ) from error
    except FeedError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise UnreadableError(
                f"{path}: cannot be read ({error.strerror or error}); check its rights and the disk."
            ) from error
        # Damage in a compressed file shows in many ways.
        raise FeedError(
            f"{path}: cannot be read as what was learned ({error}); make it anew with prochain learn."
        ) from error


def _refuse_absurd(name: str, array: AnyArray) -> None:
    """Errors: ValueError where figures are none, or a weight or variance is below zero."""
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"“{name}” holds what is no number")
    if name.endswith(("weight", "variance")) and not (array >= 0).all():
        raise ValueError(f"“{name}” holds what is below zero")


@lru_cache(maxsize=1)
def ready_made() -> Learned:
    """The network that comes with the package, trained in other cities: a first day need not begin from nothing. Read
    once; who goes on learning does so in a copy."""
    path = Path(__file__).with_name("ready_made.npz")
    return read_learned(path) if path.is_file() else Learned()
