"""What the platform keeps, in one SQLite file: people and their data, and what decisions oblige the staff to do."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from policyengine import Obligation

_TABLES = """
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, category TEXT, origin TEXT, data TEXT, token TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS letters (person TEXT REFERENCES people (id), purpose TEXT, text TEXT);
CREATE TABLE IF NOT EXISTS todos
    (number INTEGER PRIMARY KEY, obligation TEXT, clause TEXT, about TEXT, what TEXT, event TEXT);
"""


@dataclass(frozen=True)
class Person:
    """Somebody who signed up.

    Args:
        id: a random name, in place of the person's own in events, facts and logs.
        category: a subject of the policy's vocabulary.
        origin: how the data came.
        data: by the item of the policy's vocabulary, its value.
    """

    id: str
    category: str
    origin: str
    data: Mapping[str, str]


class Store:
    """The file; it is made where there is none, and opened anew for each call.

    Args:
        file: its path.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        with closing(sqlite3.connect(file)) as database:
            database.executescript(_TABLES)

    def add(self, person: Person) -> str:
        """Keep a person, and return the token by which that person is known from now on."""
        token = secrets.token_urlsafe(24)
        row = (person.id, person.category, person.origin, json.dumps(person.data), _hidden(token))
        self._run("INSERT INTO people VALUES (?, ?, ?, ?, ?)", row)
        return token

    def whose(self, token: str) -> str | None:
        """Return the id of the person with this token."""
        return next((row["id"] for row in self._run("SELECT id FROM people WHERE token = ?", (_hidden(token),))), None)

    def people(self, id: str | None = None) -> list[Person]:  # noqa: A002
        """Return everybody in the order in which they signed up, or the one of this id."""
        rows = self._run("SELECT * FROM people WHERE ? IS NULL OR id = ? ORDER BY rowid", (id, id))
        return [Person(row["id"], row["category"], row["origin"], json.loads(row["data"])) for row in rows]

    def write_letter(self, person: str, purpose: str, text: str) -> None:
        """Put a letter into somebody's box."""
        self._run("INSERT INTO letters VALUES (?, ?, ?)", (person, purpose, text))

    def oblige(self, obligations: Iterable[Obligation], about: str, event: str) -> None:
        """Note for the staff what a permit obliges to: each is a row of the to-do table."""
        for duty in obligations:
            row = (duty.id, duty.clause, about, duty.message.en, event)
            self._run("INSERT INTO todos (obligation, clause, about, what, event) VALUES (?, ?, ?, ?, ?)", row)

    def todos(self) -> list[dict[str, Any]]:
        """Return what is to be done."""
        return [dict(row) for row in self._run("SELECT * FROM todos ORDER BY number")]

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """Execute one statement in a transaction of its own."""
        with closing(sqlite3.connect(self._file, timeout=10)) as database, database:
            database.row_factory = sqlite3.Row
            return database.execute(statement, values).fetchall()


def _hidden(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
