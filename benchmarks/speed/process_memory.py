"""What a process has resident, in MB."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_memory_mb(process: int | str = "self") -> float:
    """The most that a process has had resident."""
    # getrusage would tell the peak of the process that started this one, were it higher.
    if Path(f"/proc/{process}/status").exists():
        return _told(process, "VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def resident_memory_mb(process: int | str = "self") -> float:
    """What a process has resident now. Errors: OSError where the system has no /proc."""
    return _told(process, "VmRSS")


def forget_peak() -> None:
    """Let this process's peak be what it has resident now. Errors: OSError where the system has no /proc."""
    Path("/proc/self/clear_refs").write_text("5")


def _told(process: int | str, name: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(told[name].split()[0]) / 1024.0
