"""What watches over all networks at once: `/readyz`, `/metrics` with each network's own, robots.txt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families

from api.answers.forwarding import UnreachableError
from api.networks.supervised import SupervisedNetwork

_STATUSES = ("ok", "degraded")


def readiness(networks: Sequence[SupervisedNetwork]) -> tuple[dict[str, Any], int]:
    """How all are doing, and the HTTP status: one that is down is no reason to send nobody to the others."""
    statuses = {network.status for network in networks}
    status = "ok" if statuses == {"ok"} else "degraded" if statuses & {*_STATUSES} else "down"
    report = {
        network.name: {"status": network.status, "starts": network.starts, "health": network.health}
        for network in networks
    }
    return {"status": status, "networks": report}, 503 if status == "down" else 200


async def metrics(networks: Sequence[SupervisedNetwork]) -> bytes:
    """Prometheus' text format: of each network what its `/metrics` says, with its name as the label `network`."""
    texts = await asyncio.gather(*(_answer(network, "/metrics") for network in networks))
    registry = CollectorRegistry()
    registry.register(_Told(networks, texts))
    return generate_latest(registry)


async def robots(networks: Sequence[SupervisedNetwork], host: str, scheme: str) -> str:
    """RFC 9309: crawlers read only the one at the root of a host."""
    texts = await asyncio.gather(*(_answer(network, "/robots.txt", host, scheme) for network in networks))
    rules = [line for text in texts for line in text.splitlines() if not line.startswith("User-agent:")]
    return "\n".join(["User-agent: *", *rules]) + "\n"


async def _answer(network: SupervisedNetwork, path: str, host: str = "localhost", scheme: str = "http") -> str:
    try:
        status, body = await network.forwarding.ask(path, host, scheme)
    except UnreachableError:
        return ""
    return body.decode() if status == 200 else ""


class _Told:
    """A collector of what the networks said."""

    def __init__(self, networks: Sequence[SupervisedNetwork], texts: Iterable[str]) -> None:
        self._networks, self._texts = networks, list(texts)

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        up = GaugeMetricFamily("prochain_network_up", "Whether a network's process is ready.", labels=["network"])
        starts = CounterMetricFamily(
            "prochain_network_starts", "How often a network's process was started.", labels=["network"]
        )
        merged: dict[str, Metric] = {}
        for network, text in zip(self._networks, self._texts, strict=True):
            up.add_metric([network.name], float(network.ready))
            starts.add_metric([network.name], float(network.starts))
            for family in text_string_to_metric_families(text):
                into = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                into.samples += [
                    sample._replace(labels={"network": network.name, **sample.labels}) for sample in family.samples
                ]
        yield up
        yield starts
        yield from merged.values()
