"""Laws of the layout: data, order and comments stay; formatting twice changes nothing; spaces say nothing."""

from __future__ import annotations

import itertools
import re
import tomllib

from hypothesis import given
from hypothesis import strategies as st
from toml_texts import MARK, Document, documents, spaced

from policyengine.language.format import formatted


def canonical(text: str) -> str:
    return formatted(text, "x.toml")


@given(documents().flatmap(lambda document: spaced(document.text)))
def test_the_data_and_their_order_stay(text):
    assert repr(tomllib.loads(canonical(text))) == repr(tomllib.loads(text))


@given(documents().flatmap(lambda document: spaced(document.text)))
def test_what_is_formatted_stays(text):
    once = canonical(text)
    assert canonical(once) == once


@given(documents(), st.data())
def test_every_comment_stays_and_in_order(document: Document, data):
    text = canonical(data.draw(spaced(document.text)))
    assert re.findall(rf"#[ #]?{MARK}.*$", text, re.MULTILINE) == document.comments


@given(documents(), st.data())
def test_spaces_and_tabs_between_words_say_nothing(document: Document, data):
    assert canonical(data.draw(spaced(document.text))) == canonical(data.draw(spaced(document.text)))


@given(documents().flatmap(lambda document: spaced(document.text)))
def test_line_ends_of_another_system_say_nothing(text):
    assert canonical(text.replace("\n", "\r\n")) == canonical(text)


@given(documents(lines=False).flatmap(lambda document: spaced(document.text)))
def test_the_layout(text):
    result = canonical(text)
    lines = result.split("\n")
    assert not result or lines.pop() == ""
    assert lines == [line.rstrip() for line in lines]
    assert "\n\n\n" not in f"\n{result}"
    assert not result.endswith("\n\n")
    for before, line in itertools.pairwise(lines):
        assert not line.startswith("[") or before == "" or before.startswith("#")
