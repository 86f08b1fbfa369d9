"""What Prometheus is told of riders who wait for a push message."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.pages.reminders import Reminders


class RemindersCollector(Collector):
    """Asks reminders when it is asked."""

    def __init__(self, reminders: Reminders | None) -> None:
        """None: they are switched off."""
        self._reminders = reminders

    def collect(self) -> Iterator[Metric]:
        """How many riders wait, and what became of the messages to others."""
        waiting = self._reminders.count if self._reminders else 0
        yield GaugeMetricFamily("prochain_push_waiting", "Riders who wait for a message.", waiting)
        text = "Messages handed to push services: sent, refused for good, or to be tried again."
        messages = CounterMetricFamily("prochain_push_messages", text, labels=["outcome"])
        for outcome, count in (self._reminders.outcomes if self._reminders else {}).items():
            messages.add_metric([outcome], count)
        yield messages
