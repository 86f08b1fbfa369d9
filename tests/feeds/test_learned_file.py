"""What was learned outlives a restart, and a damaged file harms nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feeds.errors import FeedError
from feeds.learned_file import read_learned, write_learned
from predictor.calibration import Calibration
from predictor.features import FEATURES
from predictor.learned import Learned
from predictor.quantile_net import QuantileNet


def learned() -> Learned:
    random = np.random.default_rng(3)
    features = random.standard_normal((600, len(FEATURES))).astype(np.float32)
    calibration = Calibration()
    calibration.shift[2, :2] = 0.3, -0.1
    return Learned(
        net=QuantileNet.fit(features, features[:, 0], epochs=2),
        calibration=calibration,
        travel_times={"link": np.array(["a\nb", "b\nc"]), "link_mean_s": np.array([60.0, 90.0])},
        trip_history={"trip": np.array(["t1"]), "calls": np.array([3]), "weight": np.ones(3, np.float32)},
        backward_links=np.array(["b\nc"]),
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    before = learned()
    write_learned(tmp_path / "learned.npz", before)
    after = read_learned(tmp_path / "learned.npz")
    features = np.random.default_rng(5).standard_normal((20, len(FEATURES))).astype(np.float32)
    assert before.net is not None
    assert after.net is not None
    assert np.array_equal(before.net.predict(features), after.net.predict(features))
    assert after.calibration is not None
    assert before.calibration is not None
    assert np.array_equal(before.calibration.shift, after.calibration.shift)
    assert after.travel_times["link"].tolist() == ["a\nb", "b\nc"]
    assert after.trip_history["calls"].tolist() == [3]
    assert after.backward_links.tolist() == ["b\nc"]


def test_nothing_but_the_file_is_left_behind(tmp_path: Path) -> None:
    for _ in range(3):
        write_learned(tmp_path / "learned.npz", learned())
    assert [path.name for path in tmp_path.iterdir()] == ["learned.npz"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_half_a_file_is_refused_in_words(tmp_path: Path, share: float) -> None:
    path = tmp_path / "learned.npz"
    write_learned(path, learned())
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(FeedError, match="prochain learn"):
        read_learned(path)


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="prochain learn FOLDER"):
        read_learned(tmp_path / "none.npz")


def test_a_network_of_other_features_is_left_out_and_the_tables_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_learned(tmp_path / "learned.npz", learned())
    monkeypatch.setattr("feeds.learned_file.FEATURES", ("another", *FEATURES[1:]))
    after = read_learned(tmp_path / "learned.npz")
    assert after.net is None
    assert after.travel_times["link_mean_s"].tolist() == [60.0, 90.0]
