"""The store: JSON documents in one SQLite file, which survives restarts and kill -9."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.messages import Json


def public(document: Json) -> Json:
    """Return a document as it is served: without the names with `_` in front, which are the emulator's own."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


class Store:
    """Documents by kind and key. Keys compare case-insensitively; a document comes back as it was put.

    Every `get` returns a new copy: a change of it counts once it is `put` again.
    """

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS documents"
            " (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes of the block together, after an exception too; none if the process dies."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def get(self, kind: str, key: str) -> Json | None:
        """Return the document, or None."""
        row = self._db.execute("SELECT body FROM documents WHERE kind=? AND key=?", (kind, key.lower())).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, key: str, body: Json) -> None:
        """Create or replace the document."""
        self._db.execute("REPLACE INTO documents VALUES (?, ?, ?)", (kind, key.lower(), json.dumps(body)))

    def delete(self, kind: str, key: str) -> bool:
        """Remove the document; return whether there was one."""
        return self._db.execute("DELETE FROM documents WHERE kind=? AND key=?", (kind, key.lower())).rowcount > 0

    def list(self, kind: str, prefix: str = "") -> list[tuple[str, Json]]:
        """Return (key, document) of every document whose key starts with `prefix`, in order of key."""
        low = prefix.lower()
        rows = self._db.execute(
            "SELECT key, body FROM documents WHERE kind=? AND key>=? AND substr(key, 1, ?)=? ORDER BY key",
            (kind, low, len(low), low),
        )
        return [(key, json.loads(body)) for key, body in rows.fetchall()]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
