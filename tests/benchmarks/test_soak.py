"""A leak is found where there is one; samples that are learned from, a moment's peak and more vehicles are none."""

from __future__ import annotations

from benchmarks.faults.soak import Sample, slopes_of


def samples(leak_mb: float = 0.0, leak_files: int = 0) -> list[Sample]:
    return [
        Sample(
            k / 2,
            50 + (k * 7) % 30,
            300 + leak_mb * k / 2 + k + 60 * (k == 20),
            k,
            18 + leak_files * k,
            20 + (k * 7) % 30,
            2.0,
        )
        for k in range(24)
    ]


def test_a_leak_shows_as_a_slope_whatever_the_number_of_vehicles_does() -> None:
    assert abs(slopes_of(samples())["memory_mb"]) < 0.01
    leaking = slopes_of(samples(leak_mb=20.0, leak_files=1))
    assert abs(leaking["memory_mb"] - 20.0) < 0.1
    assert abs(leaking["open_files"] - 2.0) < 0.1
    assert abs(leaking["step_ms"]) < 0.01
