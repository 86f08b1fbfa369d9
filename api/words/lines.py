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


def line_title(line: Line, texts: Texts) -> str:
    """ "Line 1"; "Red Line", which says so itself."""
    name = line_name(line, texts)
    return name if line.says_kind else texts("line_title", name=name)


def line_word(line: Line, texts: Texts) -> str:
    """The word that stands before its badge, "" where the badge says it."""
    return "" if line.says_kind else texts("line_title", name="")
