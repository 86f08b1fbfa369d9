"""Lines by their names, told apart where several have one."""

from __future__ import annotations

from api.reading.lines import Line
from api.words.texts import Texts


def apart_words(apart: tuple[str, str], texts: Texts) -> str:
    """A mode and who runs a line, as of `Line.apart`, in words; "" of neither."""
    mode, agency = apart
    return " · ".join(filter(None, (mode and texts(f"mode_{mode}"), agency)))


def line_name(line: Line, texts: Texts) -> str:
    """ "1"; "1 (Tram)" where a bus has the name too."""
    told = apart_words(line.apart, texts)
    return f"{line.name} ({told})" if told else line.name
