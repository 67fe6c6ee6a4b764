"""Rule files against JSON Schemas: every error as a problem with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policyengine.errors import KeyPath, Problem
from policyengine.language.source import Document
from policyengine.schema.validate import errors_of


def problems_of(document: Document, schema: Mapping[str, Any]) -> list[tuple[KeyPath, Problem]]:
    """Return what `schema` has against a rule file, each with its path in the file and its place."""
    return [
        (error.path, Problem(error.code, error.message, document.place(error.path), error.hint))
        for error in errors_of(document.data, schema)
    ]
