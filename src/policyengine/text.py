"""Text for people, in Japanese and in English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

Language: TypeAlias = Literal["ja", "en"]
"""The languages in which every text of the engine exists."""

LANGUAGES: Final[tuple[Language, ...]] = ("ja", "en")


class Text(msgspec.Struct, frozen=True, order=True):
    """One text in both languages.

    Args:
        ja: the Japanese text.
        en: the English text.
    """

    ja: str
    en: str

    def say(self, lang: Language) -> str:
        """Return the text in `lang`, one of ``"ja"`` and ``"en"``."""
        return self.ja if lang == "ja" else self.en

    def as_dict(self) -> dict[str, str]:
        """Return ``{"ja": ..., "en": ...}``."""
        return {"ja": self.ja, "en": self.en}

    def filled(self, /, **parameters: object) -> Text:
        """Return the text with each ``{name}`` replaced by the parameter of that name, a `Text` in each language."""
        ja, en = (
            {name: value.say(lang) if isinstance(value, Text) else value for name, value in parameters.items()}
            for lang in LANGUAGES
        )
        return Text(ja=self.ja.format_map(ja), en=self.en.format_map(en))


def text_of(table: Any, fallback: str) -> Text:
    """Read a label from a rule file: a table with ``ja`` and ``en``, either of which may stand in for the other.

    Args:
        table: a mapping that may hold the keys ``ja`` and ``en``.
        fallback: what both languages say where the table has neither.
    """
    ja, en = table.get("ja"), table.get("en")
    return Text(ja=ja or en or fallback, en=en or ja or fallback)


def listed(texts: Iterable[Text], *, last: Text | None = None) -> Text:
    """Join texts into one enumeration; `last` is the word before the last member, by default a bare comma."""
    items = list(texts)
    ja = "、".join(text.ja for text in items)
    en = ", ".join(text.en for text in items)
    if last is not None and len(items) > 1:
        ja = "、".join(text.ja for text in items[:-1]) + last.ja + items[-1].ja
        en = ", ".join(text.en for text in items[:-1]) + f" {last.en} " + items[-1].en
    return Text(ja=ja, en=en)


def same(word: str) -> Text:
    """Return a text that is `word` in both languages, such as an id."""
    return Text(ja=word, en=word)


Style: TypeAlias = Literal["plain", "good", "bad", "dim", "strong"]


class Words(NamedTuple):
    """A stretch of one line, in one style."""

    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[Words, ...]


def plain_text(lines: Iterator[Line]) -> str:
    """Return lines without any style."""
    return "\n".join("".join(words.text for words in line).rstrip() for line in lines)
