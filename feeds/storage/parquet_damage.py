"""Parquet files that cannot be read: how that shows, and how it is told."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

READ_ERRORS = (pa.ArrowException, OSError, UnicodeError)
"""What reading one raises. Names of columns that are no text are not Arrow's own errors."""


def is_damage(error: Exception) -> bool:
    """Whether reading failed for what is in the file: what the system refuses (no handles, no rights) passes."""
    return not isinstance(error, MemoryError) and getattr(error, "errno", None) is None


def not_whole(path: Path, error: Exception) -> str:
    """What is wrong with the file, in words."""
    reason = str(error).strip().split("\n")[0]
    return f"{path}: not a whole Parquet file ({reason}); was it still being written?"
