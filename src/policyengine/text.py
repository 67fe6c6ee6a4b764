"""Text for people, in Japanese and in English."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
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


_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""The categories of what is no sign: controls, marks that turn or join text, lone surrogates, ends of lines."""


def visible(text: str, keep: str = "") -> str:
    r"""Return `text` as people may see it: what would steer a terminal, turn text round or end a line is spelt out.

    Ids, labels and messages are made by others; an escape sequence in one shall not clear a screen, nor a mark in one
    make it read as another. Such a character becomes ``\u001b``, ``\u202e`` or, beyond four digits, ``\U000e0001``,
    which in a string of TOML stands for the character itself, as the first form does in JSON.

    Args:
        text: what was made elsewhere.
        keep: characters that stay, such as the line ends of a text that we put together ourselves.
    """
    if text.isprintable():
        return text
    return "".join(char if char in keep or unicodedata.category(char) not in _UNSEEN else _spelt(char) for char in text)


ECHOED: Final = 100
"""So many characters of a word that somebody else made stand in a message at most."""


def echoed(word: str) -> str:
    """Return a word of an event as a message repeats it: `visible`, and no longer than `ECHOED` characters."""
    return visible(word if len(word) <= ECHOED else f"{word[:ECHOED]}…")


def _spelt(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


Style: TypeAlias = Literal["plain", "good", "bad", "warn", "dim", "strong"]


class Words(NamedTuple):
    """A stretch of one line, in one style. It is `visible` by the time that anybody sees it."""

    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[Words, ...]


def plain(line: Line) -> str:
    """Return a line for people, without any style."""
    return visible("".join(words.text for words in line).rstrip())


def plain_text(lines: Iterable[Line]) -> str:
    """Return lines for people, without any style."""
    return "\n".join(map(plain, lines))


SHOWN: Final = 8
"""How many items a message names."""


def shortened(items: Sequence[str], label: Callable[[str], Text]) -> Text:
    """Return `items` in words: the first `SHOWN` of them, and how many more there are."""
    shown = listed(label(item) for item in items[:SHOWN])
    more = len(items) - SHOWN
    return shown if more <= 0 else Text(ja=f"{shown.ja}、ほか {more} 件", en=f"{shown.en} and {more} more")
