"""What Prometheus is told of the desk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from api.desk.desk import Desk


def desk_metrics(desk: Desk) -> Iterator[Metric]:
    """Guesses at its tokens, and how each subscriber is doing."""
    yield CounterMetricFamily("prochain_wrong_tokens", "Wrong tokens tried.", desk.sign_in.wrong_tokens)
    owed = GaugeMetricFamily("prochain_bulletins_owed", "Not told yet.", labels=["subscriber"])
    failed = CounterMetricFamily("prochain_bulletins_failed", "Given up.", labels=["subscriber"])
    try:
        deliveries = desk.deliveries
    except sqlite3.Error:
        # That is told by a fault of its own, and keeps nobody from the other figures.
        deliveries = []
    for delivery in deliveries:
        owed.add_metric([delivery.name], delivery.owed)
        failed.add_metric([delivery.name], delivery.failed)
    yield owed
    yield failed
