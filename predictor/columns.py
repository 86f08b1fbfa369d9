"""Column groups: arrays of equal length that belong together, declared once, as a table is.

    @dataclass(frozen=True, eq=False)
    class Sightings(DatedRuns):
        seen_at: Float64Array

A field whose annotation is one of the array types of `predictor.arrays` is a column: those of the base class come
first, then the others in the order in which they are declared, each with its annotation's dtype. A field of any other
type tells of the group as a whole.

A cell of which nothing is known holds NaN, -1, False or "", by its column's type; a column in which that is something
else declares it: `field(metadata={"nothing": 0})`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any, Self, TypeVar, cast, get_type_hints

import numpy as np

from predictor.arrays import DTYPES, NONE, AnyArray, BoolArray, Int64Array

_Group = TypeVar("_Group", bound="Columns")
_NOTHING: Mapping[str, Any] = MappingProxyType({"f": np.nan, "i": NONE, "b": False, "U": ""})


@dataclass(frozen=True, eq=False)
class Columns:
    """Base of all column groups; all columns (n,)."""

    def __len__(self) -> int:
        return len(self.__dict__[_names_of(type(self))[0]])

    def take(self, rows: Int64Array | BoolArray | slice) -> Self:
        """These rows only: indices in the order wanted, a mask, or a slice."""
        own, group = self.__dict__, type(self)
        # A mask is looked through once, not for each column.
        if isinstance(rows, np.ndarray) and rows.dtype == np.bool_:
            rows = rows.nonzero()[0]
        return self._with({name: own[name][rows] for name in _names_of(group)})

    def _with(self, columns: Mapping[str, AnyArray]) -> Self:
        """The same group with other rows, past the frozen constructor, which would cost as much again as to take them:
        a step of the engine does so dozens of times."""
        changed = object.__new__(type(self))
        own = changed.__dict__
        if len(columns) < len(self.__dataclass_fields__):
            old = self.__dict__
            own.update({name: old[name] for name in self.__dataclass_fields__})
        own.update(columns)
        return changed

    @property
    def in_loops(self) -> Self:
        """The columns as compiled loops take them: arrays by the same names."""
        own, group = self.__dict__, type(self)
        return cast(Self, _tuple_of(cast(Any, group))._make([own[name] for name in _names_of(group)]))

    @classmethod
    def unset(cls, rows: int) -> Self:
        """So many rows that are to be filled in."""
        return cls(**{name: np.empty(rows, dtype) for name, dtype in column_types(cls).items()})

    @classmethod
    def empty(cls, **whole: Any) -> Self:
        """No row at all. Parameters: the fields that tell of the group as a whole."""
        return cls(**no_rows(cls), **whole) if whole else cast(Self, _without_rows(cast(Any, cls)))

    @classmethod
    def joined(cls, *parts: Self) -> Self:
        """The rows of all parts, in order; what is told of the group as a whole is the first part's."""
        if len(parts) < 2:
            return parts[0] if parts else cls.empty()
        return parts[0]._with(
            {name: np.concatenate([getattr(part, name) for part in parts]) for name in _names_of(cls)}
        )

    @classmethod
    def blank(cls, rows: int, **known: Any) -> Self:
        """So many rows of which nothing is known but these columns, and what is told of the group as a whole."""
        columns = {name: nothing.repeat(rows) for name, nothing in _nothing_of(cast(Any, cls)) if name not in known}
        if len(columns) + len(known) != len(cls.__dataclass_fields__):
            return cls(**columns, **known)
        made = object.__new__(cls)
        made.__dict__.update(columns, **known)
        return made


def _column_types(group: type) -> Mapping[str, np.dtype[Any]]:
    hints = get_type_hints(group)
    return MappingProxyType({f.name: DTYPES[hints[f.name]] for f in fields(group) if hints[f.name] in DTYPES})


column_types: Callable[[type], Mapping[str, np.dtype[Any]]] = cache(_column_types)
"""The columns of a dataclass in order, with their dtypes as annotated."""


def _names(group: type) -> tuple[str, ...]:
    return tuple(column_types(group))


_names_of: Callable[[type], tuple[str, ...]] = cache(_names)
"""The names of the columns alone, of which there is one at least."""


@cache
def _nothing_of(group: type) -> Sequence[tuple[str, AnyArray]]:
    """A cell (1,) of each column of which nothing is known."""
    told = {f.name: f.metadata["nothing"] for f in fields(group) if "nothing" in f.metadata}
    types = column_types(group).items()
    return [(name, np.array([told.get(name, _NOTHING[dtype.kind])], dtype)) for name, dtype in types]


@cache
def _tuple_of(group: Any) -> Any:
    """A named tuple of the columns. Numba finds what it has compiled for one by the place at which it stands."""
    columns = namedtuple("Columns", column_types(group))  # type: ignore[misc]
    columns.__module__, columns.__qualname__ = group.__module__, f"{group.__qualname__}.InLoops"
    group.InLoops = columns
    return columns


def replace(group: _Group, **changes: Any) -> _Group:
    """As `dataclasses.replace`, which for each column asks what the class says of it, and calls the constructor."""
    return group._with(changes)


def shared(group: object, into: type) -> dict[str, Any]:
    """The columns of `group` that a dataclass has too, by name: what one kind of row takes over from another."""
    return {name: getattr(group, name) for name in column_types(type(group)) if name in column_types(into)}


def no_rows(group: type) -> dict[str, AnyArray]:
    """An empty array for each column of a dataclass."""
    return {name: np.empty(0, dtype) for name, dtype in column_types(group).items()}


@cache
def _without_rows(group: type[Columns]) -> Columns:
    """One of each group serves all: in an empty array nothing can be changed."""
    return group(**no_rows(group))
