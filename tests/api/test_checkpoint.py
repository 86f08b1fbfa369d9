"""A service keeps what it learns, and a damaged file does not keep it from starting."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from api.service.checkpoint import Checkpoint
from feeds.learned_file import read_learned
from predictor.learned import Learned


def one_link(mean_s: float) -> Learned:
    return Learned(travel_times={"link": np.array(["a\nb"]), "link_mean_s": np.array([mean_s])})


def test_the_last_thing_offered_is_on_disk_when_it_stops(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "kept" / "learned.npz")
    for mean_s in range(20):
        checkpoint.offer(one_link(float(mean_s)))
    checkpoint.stop()
    assert read_learned(checkpoint.path).travel_times["link_mean_s"].tolist() == [19.0]


def test_it_is_due_again_and_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "learned.npz", every_s=0.0)
    assert checkpoint.due
    assert not Checkpoint(tmp_path / "learned.npz", every_s=1000.0).due


def test_a_damaged_file_is_put_aside_and_told_of(tmp_path: Path, caplog: object) -> None:
    path = tmp_path / "learned.npz"
    path.write_bytes(b"PK not what it was")
    learned = Checkpoint(path).read()
    assert not learned.travel_times
    assert (tmp_path / "learned.npz.damaged").read_bytes() == b"PK not what it was"


def test_a_disk_that_cannot_be_written_to_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    checkpoint = Checkpoint(tmp_path / "file" / "learned.npz")
    checkpoint.offer(one_link(1.0))
    checkpoint.stop()
    assert checkpoint.errors == 1
