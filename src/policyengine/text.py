"""Text for people: the engine's own in Japanese and in English, a policy's in the languages that it is written in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

Language: TypeAlias = str
"""A language, by its tag: ``ja``, ``en``, ``de``, ``pt-BR``."""

LANGUAGES: Final[tuple[Language, ...]] = ("ja", "en")
"""The languages in which every text of the engine exists, and in which a policy is written that names no others."""

LANGUAGE_TAG: Final = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*(?![\s\S])"
"""What names a language: a code of ISO 639 in small letters, with what BCP 47 puts after it."""

_TAG: Final = re.compile(LANGUAGE_TAG)


class Text(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """One text in Japanese, in English and in whatever other languages it exists.

    Args:
        ja: the Japanese text, or what is said in its place.
        en: the English text, or what is said in its place: also where a language is asked for that the text has not.
        more: the text in further languages, each with its tag.
    """

    ja: str
    en: str
    more: tuple[tuple[Language, str], ...] = ()

    def say(self, lang: Language) -> str:
        """Return the text in a language; in English where it does not exist in that."""
        if lang == "ja":
            return self.ja
        return next((said for tag, said in self.more if tag == lang), self.en)

    def as_dict(self, languages: Iterable[Language] = ()) -> dict[str, str]:
        """Return the text by language: in those named, by default in all that it has."""
        return {lang: self.say(lang) for lang in languages or _languages((self,))}

    def filled(self, /, **parameters: object) -> Text:
        """Return the text with each ``{name}`` replaced by the parameter of that name, a `Text` in each language."""

        def said(lang: Language) -> str:
            return self.say(lang).format_map(
                {name: value.say(lang) if isinstance(value, Text) else value for name, value in parameters.items()}
            )

        return _in_each((self, *(value for value in parameters.values() if isinstance(value, Text))), said)


def _languages(texts: Iterable[Text]) -> dict[Language, None]:
    """Return the languages in which any of some texts exists, those of the engine first."""
    return dict.fromkeys((*LANGUAGES, *(lang for text in texts for lang, _ in text.more)))


def _in_each(texts: Iterable[Text], said: Callable[[Language], str]) -> Text:
    """Return what is said in each language in which any of some texts exists."""
    ja, en, *more = ((lang, said(lang)) for lang in _languages(texts))
    return Text(ja[1], en[1], tuple(more))


def text_of(table: Mapping[str, Any], fallback: str = "") -> Text:
    """Read a text from a rule file. What it has not in Japanese or English is said in English, or its first language.

    Args:
        table: has the text in each language at its tag, perhaps beside other keys.
        fallback: what is said where the table has it in no language.
    """
    said = {tag: text for tag, text in table.items() if isinstance(text, str) and text and _TAG.match(tag)}
    spare = said.get("en") or next(iter(said.values()), fallback)
    ja, en = (said.pop(lang, spare) for lang in LANGUAGES)
    return Text(ja, en, tuple(said.items()))


def listed(texts: Iterable[Text], *, last: Text | None = None) -> Text:
    """Join texts into one enumeration; `last` is the word before the last member, by default a bare comma."""
    items = list(texts)

    def said(lang: Language) -> str:
        comma, space = ("、", "") if lang == "ja" else (", ", " ")
        if last is None or len(items) < 2:
            return comma.join(text.say(lang) for text in items)
        return comma.join(text.say(lang) for text in items[:-1]) + space + last.say(lang) + space + items[-1].say(lang)

    return _in_each(items, said)


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
    return (
        shown
        if more <= 0
        else Text(ja="{shown}、ほか {more} 件", en="{shown} and {more} more").filled(shown=shown, more=more)
    )
