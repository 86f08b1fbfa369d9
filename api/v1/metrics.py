"""`/metrics`: what Prometheus scrapes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers.announcer import Announcer
from api.answers.doors import Doors
from api.answers.heavy_reads import HeavyReads
from api.answers.middleware import HttpMiddleware
from api.reading.accuracy import recent
from api.reading.health import FAULTS, faults_of
from api.service.served import Served
from api.service.view import ServiceView
from predictor.arrays import Int8Array
from predictor.snapshot import SOURCES, STATUSES, VEHICLE_STATES

metrics_router = APIRouter(tags=["Health"])


@metrics_router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
def get_metrics(request: Request) -> Response:
    """Counters and gauges in Prometheus' text format."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


class Asked(Collector):
    """Asks for its metrics each time that it is asked for them."""

    def __init__(self, ask: Callable[[], Iterator[Metric]]) -> None:
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        return self._ask()


def _of_service(service: Served) -> Iterator[Metric]:
    """All gauges and totals of the engine and the feeds, of the service's latest view."""
    view, now = service.view, service.clock.now()
    snapshot, age, codes = view.snapshot, view.feed_age_s(now), [fault.code for fault in faults_of(service)]
    gauge, counter = GaugeMetricFamily, CounterMetricFamily
    yield gauge("prochain_feed_stopped", "1 where the vehicle feed has gone silent.", float(view.feed_stopped(now)))
    yield gauge("prochain_feed_age_seconds", "Since the vehicle feed's last sign of life.",
                math.nan if age is None else age)  # fmt: skip
    yield gauge("prochain_snapshot_age_seconds", "Since the engine's last good step.",
                max(now - snapshot.made_at, 0.0))  # fmt: skip
    yield _by(gauge, "prochain_fault", "How often something is wrong now, by its kind.", "code",
              {code: codes.count(code) for code in FAULTS})  # fmt: skip
    yield counter("prochain_step_failures", "Steps that failed.", service.step_failures)
    yield _by(gauge, "prochain_vehicles", "Vehicles by state.", "state",
              _counted(VEHICLE_STATES, snapshot.vehicles.state))  # fmt: skip
    yield _by(gauge, "prochain_predictions", "Predicted calls by status.", "status",
              _counted(STATUSES, snapshot.predictions.status))  # fmt: skip
    yield _by(gauge, "prochain_predictions_by_source", "Predicted calls by source.", "source",
              _counted(SOURCES, snapshot.predictions.source))  # fmt: skip
    yield gauge("prochain_alerts", "Alerts known.", len(view.alerts))
    yield _by(counter, "prochain_saving", "What saving has met with: losses, failures.", "what", service.saving)
    yield _by(counter, "prochain_thread_failures", "Times that a thread's work failed.", "name",
              {work.name: work.failures for work in service.threads})  # fmt: skip
    refused = {name: count for name, count in snapshot.counts.items() if name.startswith("refused_")}
    yield _by(counter, "prochain_refused", "Left out of the feeds, by reason.", "reason",
              {name.removeprefix("refused_"): count for name, count in refused.items()})  # fmt: skip
    yield _by(counter, "prochain_engine", "The engine's running totals.", "what",
              {name: count for name, count in snapshot.counts.items() if name not in refused})  # fmt: skip
    yield _by(counter, "prochain_feed_errors", "Polls that brought nothing usable.", "feed",
              {name: feed.errors for name, feed in view.feeds.items()})  # fmt: skip
    yield _by(gauge, "prochain_feed_failing", "1 where a feed is bad now.", "feed",
              {name: bool(feed.error) for name, feed in view.feeds.items()})  # fmt: skip
    yield from _accuracy(view)


def registry_of(service: Served, announcer: Announcer, heavy_reads: HeavyReads, doors: Doors) -> CollectorRegistry:
    """A registry with the service's metrics, told of each step, and those of its process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    steps = Histogram(
        "prochain_step_seconds", "How long a step of the engine takes, decoding included.", registry=registry,
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    )  # fmt: skip
    service.on_step = steps.observe
    asked: dict[str, tuple[str, Callable[[], float]]] = {
        "prochain_listeners": ("Open event streams.", lambda: announcer.listeners),
        "prochain_heavy_reads": ("Questions to the history under way or waiting.", lambda: heavy_reads.inside),
        "prochain_heavy_reads_refused": ("Questions to the history sent away so far.", lambda: heavy_reads.refused),
        "prochain_connections": ("Open connections.", lambda: doors.open),
        "prochain_connections_refused": ("Connections turned away so far.", lambda: doors.refused),
    }
    for name, (text, ask) in asked.items():
        Gauge(name, text, registry=registry).set_function(ask)
    registry.register(Asked(partial(_of_service, service)))
    return registry


class RequestMetrics(HttpMiddleware):
    """Counts requests by route, and the time until their answers begin: a stream never ends."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        super().__init__(app)
        count = Counter(
            "prochain_requests", "Requests answered.", ["route", "status"], registry=registry
        )  # fmt: skip
        seconds = Histogram(
            "prochain_request_seconds", "Time to answer.", ["route"], registry=registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
        )  # fmt: skip
        self._of = cache(lambda route, status: (count.labels(route, status), seconds.labels(route)))

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, answered = time.perf_counter(), False

        def answers(status: int) -> None:
            nonlocal answered
            answered = True
            # The route's template, not the path: stop ids and mistyped addresses would make endless labels.
            route = getattr(scope.get("route"), "path_format", "none")
            count, seconds = self._of(route, str(status))
            count.inc()
            seconds.observe(time.perf_counter() - began)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answers(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if not answered:
                answers(500)


def _accuracy(view: ServiceView) -> Iterator[Metric]:
    """The last three hours, by line."""
    labels = ["source", "route_id"]
    descriptions = {
        "predictions": "Predictions judged in the last three hours.",
        "eta": "ETA Accuracy Benchmark of the last three hours.",
        "mae": "Mean absolute error of the last three hours, seconds.",
        "missed": "Share of the last three hours' predictions whose vehicle came over 30 s earlier.",
        "reliable": "Cal-ITP's reliable prediction accuracy of the last three hours.",
        "completeness": "ETA Completeness Benchmark of the last three hours.",
        "on_time": "On-time performance of the last three hours.",
    }
    gauges = {
        name: GaugeMetricFamily(f"prochain_accuracy_{name}", text, labels=labels) for name, text in descriptions.items()
    }
    for scores in recent(view):
        values = {"predictions": float(scores.predictions), **scores.figures}
        for name, gauge in gauges.items():
            if not math.isnan(values[name]):
                gauge.add_metric([scores.source, scores.group], values[name])
    yield from gauges.values()
    worse = GaugeMetricFamily("prochain_accuracy_worse", "1 where a line is predicted worse than it used to be.",
                              labels=["route_id"])  # fmt: skip
    for line in view.accuracy.worse:
        worse.add_metric([line.route_id], 1.0)
    yield worse


def _counted(values: tuple[str, ...], codes: Int8Array) -> dict[str, float]:
    """How often each code, an index into `values`, is there."""
    return dict(zip(values, np.bincount(codes, minlength=len(values)).tolist(), strict=True))


def _by(
    family: type[GaugeMetricFamily | CounterMetricFamily], name: str, text: str, label: str,
    figures: Mapping[str, float],
) -> Metric:  # fmt: skip
    made = family(name, text, labels=[label])
    for value, figure in figures.items():
        made.add_metric([value], float(figure))
    return made
