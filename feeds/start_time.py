"""The start of a run as GTFS-Realtime names it."""

from __future__ import annotations

from predictor.timetable import Timetable


def start_time(timetable: Timetable, trip: int, shift_s: int) -> str:
    """HH:MM:SS after the origin of its service date, may pass 24:00:00: the start by which a run is named."""
    seconds = max(int(timetable.named_start_s[trip]) + shift_s, 0)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
