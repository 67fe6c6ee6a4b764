"""A search that finds Japanese words: text without spaces is looked for by its pairs of characters.

A dictionary would cut a page and a query at different places, and a word that is longer or shorter than its entry
would not be found. Pairs are the same wherever they are cut, in Python and in the browser.
"""

from __future__ import annotations

import re
from typing import Final

from sphinx.search import SearchLanguage

_WORD: Final = re.compile(r"[0-9A-Za-z_\u00c0-\u024f]+|[\u3005-\u30ff\u3400-\u9fff\uff66-\uff9f]+")

_SPLIT: Final = """
function splitQuery(query) {
  const found = query.match(/[0-9A-Za-z_\\u00c0-\\u024f]+|[\\u3005-\\u30ff\\u3400-\\u9fff\\uff66-\\uff9f]+/g) ?? [];
  return found.flatMap((word) => /^[0-9A-Za-z_\\u00c0-\\u024f]/.test(word) || word.length === 1
    ? [word]
    : [...word].slice(0, -1).map((char, at) => char + word[at + 1]));
}
"""


class JapaneseSearch(SearchLanguage):
    """What Sphinx's index holds of Japanese pages, and how the browser cuts what people look for."""

    lang = "ja"
    language_name = "Japanese"
    js_splitter_code = _SPLIT

    def split(self, input: str) -> list[str]:  # noqa: A002  Sphinx calls it so
        """Return the words of a text: those between spaces, and of Japanese every character and every pair."""
        found: list[str] = []
        for word in _WORD.findall(input):
            found.append(word)
            if ord(word[0]) > 0x3000:
                found += [*word, *(word[at : at + 2] for at in range(len(word) - 1))]
        return found

    def word_filter(self, word: str) -> bool:
        """Whether a word is looked for: all are but numbers, and what is longer than a pair stands in pairs."""
        return not word.isdigit() and (ord(word[0]) < 0x3000 or len(word) <= 2)
