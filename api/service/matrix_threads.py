"""Threads of the matrix library.

The core multiplies many small matrices, one after the other. More threads than one spend their time waiting for each
other, and take the cores that answer readers.
"""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_matrix_thread() -> None:
    """Let this process multiply matrices on one thread from now on."""
    threadpool_limits(limits=1, user_api="blas")
