"""The agency of a network made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np


def one_agency(agency_id: str, name: str) -> dict[str, Any]:
    """The fields of `Timetable` that tell of agencies, for a network with one."""
    untold = ("url", "lang", "phone", "email", "fare_url")
    return {
        "told_version": "",
        "agency_id": np.array([agency_id]),
        "agency_name": np.array([name]),
        **{f"agency_{column}": np.array([""]) for column in untold},
    }
