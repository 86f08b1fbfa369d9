"""How stops and lines are named in SIRI: by templates, such as `IDFM:{}` in GTFS for `STIF:StopPoint:Q:{}:` in SIRI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _one_place(template: str) -> str:
    if template.count("{}") != 1:
        raise ValueError("a template holds {} once, where the code stands that both ids share")
    return template


_Template = Annotated[str, AfterValidator(_one_place)]


class Naming(BaseModel):
    """The two ways to write one kind of id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gtfs: _Template = Field(default="{}", description="an id in GTFS, with {} for the code")
    siri: _Template = Field(default="{}", description="the same in SIRI")

    def ref(self, gtfs_id: str) -> str | None:
        """In SIRI; None where an id is not written by the template."""
        code = _code(self.gtfs, gtfs_id)
        return None if code is None else self.siri.replace("{}", code)

    def gtfs_id(self, ref: str) -> str | None:
        """In GTFS; None where a reference is not written by the template."""
        code = _code(self.siri, ref)
        return None if code is None else self.gtfs.replace("{}", code)


class SiriNames(BaseModel):
    """The names of `/siri`; by default those of the GTFS feed as they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    producer: str = Field(default="prochain", description="ProducerRef: who speaks")
    times: Literal["local", "utc"] = Field(
        default="local", description="by the stop's clocks, or in UTC with milliseconds, as PRIM writes them"
    )
    stop_point: Naming = Field(default=Naming(), description="platforms and stops")
    stop_area: Naming = Field(default=Naming(), description="stations")
    line: Naming = Field(default=Naming(), description="routes")

    def stop_ref(self, stop_id: str, *, station: bool) -> str:
        """A stop or station in SIRI; as in GTFS where it is not written by its template."""
        return (self.stop_area if station else self.stop_point).ref(stop_id) or stop_id

    def line_ref(self, route_id: str) -> str:
        """A route in SIRI; as in GTFS where it is not written by its template."""
        return self.line.ref(route_id) or route_id

    def stop_ids(self, ref: str) -> Iterator[str]:
        """The ids in GTFS that a reference to a stop can mean, the likeliest first."""
        yield from (found for naming in (self.stop_point, self.stop_area) if (found := naming.gtfs_id(ref)))
        yield ref

    def route_ids(self, ref: str) -> Iterator[str]:
        """The ids in GTFS that a reference to a line can mean, the likeliest first."""
        if found := self.line.gtfs_id(ref):
            yield found
        yield ref


def _code(template: str, text: str) -> str | None:
    before, after = template.split("{}")
    fits = text.startswith(before) and text.endswith(after) and len(text) > len(before) + len(after)
    return text[len(before) : len(text) - len(after)] if fits else None
