"""What goes wrong with records, said in both languages."""

from __future__ import annotations

from policyengine import PolicyEngineError, Text


class RecordsError(PolicyEngineError):
    """Records were asked for something that they cannot do: a malformed fact, an unknown id, a second release.

    Args:
        en: what is wrong, in English, which `str` gives.
        ja: the same in Japanese.
    """

    def __init__(self, en: str, ja: str) -> None:
        super().__init__(en, ja)
        self.text = Text(ja=ja, en=en)

    def __str__(self) -> str:
        return self.text.en


class RecordsUnavailable(RecordsError):
    """The database did not answer, or not in time; it is missing, full, locked, or of another version."""
