"""The phrases in use: the defaults, those an officer changed in their place, then those added."""

from __future__ import annotations

from threading import Lock

from api.desk.database import DeskDatabase
from api.desk.phrases import Phrase, default_phrases


class PhraseBook:
    """Reading never waits for the disk."""

    def __init__(self, database: DeskDatabase) -> None:
        self._database = database
        self._lock = Lock()
        self._own = {phrase.key: phrase for phrase in database.kept(Phrase)}

    def all(self) -> list[Phrase]:
        """In the order shown."""
        return list({**default_phrases(), **self._own}.values())

    def get(self, key: str) -> Phrase | None:
        """The phrase of this key."""
        return self._own.get(key) or default_phrases().get(key)

    def is_own(self, key: str) -> bool:
        """Whether it was changed or added here."""
        return key in self._own

    def is_default(self, key: str) -> bool:
        """Whether there is a default of this key."""
        return key in default_phrases()

    def save(self, phrase: Phrase) -> None:
        """Keep it. Errors: sqlite3.Error."""
        with self._lock:
            self._database.keep(phrase)
            self._own = {**self._own, phrase.key: phrase}

    def reset(self, key: str) -> None:
        """Back to the default; one that has none is gone. Errors: sqlite3.Error."""
        with self._lock:
            self._database.forget(Phrase, key)
            self._own = {own: phrase for own, phrase in self._own.items() if own != key}
