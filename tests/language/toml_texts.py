"""TOML documents as nobody would write them: every layout that the language allows, with what they hold known."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from hypothesis import strategies as st

BLANK = "\ue000"
"""Stands where spaces and tabs may stand; it occurs in no string and no comment."""

MARK = "⟪"
"""Begins the number of a comment; it occurs in no string."""

characters = st.characters(exclude_categories=["Cs", "Cc", "Co"], exclude_characters=MARK) | st.sampled_from(
    "'\"\\#[]{}=,.\t　"
)
words = st.text(characters, max_size=6)
scalars = st.sampled_from(
    [
        *(
            "0",
            "-17",
            "+1_000",
            "0xdead_BEEF",
            "0o17",
            "0b1",
            "1.5",
            "-0.0",
            "6.26e-34",
            "inf",
            "-inf",
            "nan",
            "true",
            "false",
        ),
        *("2026-01-01T09:00:00+09:00", "2026-01-01 09:00:00z", "2026-01-01t09:00:00.5", "2026-01-01", "09:00:00.250"),
    ]
)


def escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


@st.composite
def strings(draw: st.DrawFn, *, lines: bool = True) -> str:
    """Draw a string in one of the four forms."""
    form = draw(st.sampled_from(['"', "'", '"""', "'''"] if lines else ['"', "'"]))
    text = draw(words) * draw(st.sampled_from([1, 1, 1, 12]))
    text = text.replace("'", "") if form[0] == "'" else escaped(text)
    if len(form) == 3:
        more = ["", "\n", "\n\n \t\n", form[0], form[0] * 2] + (
            [" \\ \t\n \n  ", "\\\n", "\\n"] if form[0] == '"' else [" \n"]
        )
        text = draw(st.sampled_from(more)) + text + draw(st.sampled_from(more))
        while form in text:
            text = text.replace(form, form[:2])
    return form + text + form


@dataclass
class Drawing:
    """What has been written so far."""

    draw: st.DrawFn
    lines: bool
    comments: list[str] = field(default_factory=list)
    names: int = 0

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def is_so(self) -> bool:
        return self.draw(st.booleans())

    def comment(self) -> str:
        text = f"#{self.one_of('', ' ', '#')}{MARK}{len(self.comments)}{self.draw(words)}"
        self.comments.append(text.rstrip())
        return text + self.one_of("", " ", "\t", "　")

    def word(self) -> str:
        """Return a word of a key that is like no other."""
        self.names += 1
        name = f"{self.names}"
        match self.draw(st.integers(0, 5)):
            case 0:
                return '"' + escaped(self.draw(words) + name) + '"'
            case 1:
                return "'" + self.draw(words).replace("'", "") + name + "'"
            case 2:
                return f"'-{name}'"
            case 3:
                return f'"\\u006b{name}"'
        return f"k_{name}"

    def key(self) -> str:
        dots = self.draw(st.integers(0, 2))
        return f"{BLANK}.{BLANK}".join(self.word() for _ in range(dots + 1))

    def pair(self, depth: int) -> str:
        return f"{self.key()}{BLANK}={BLANK}{self.value(depth)}"

    def value(self, depth: int) -> str:
        match self.draw(st.integers(0, 5 if depth else 2)):
            case 0:
                return self.draw(scalars)
            case 1 | 2:
                return self.draw(strings(lines=self.lines))
            case 3:
                pairs = [self.pair(depth - 1) for _ in range(self.draw(st.integers(0, 3)))]
                return f"{{{BLANK}{f'{BLANK},{BLANK}'.join(pairs)}{BLANK}}}"
        return self.array(depth)

    def array(self, depth: int) -> str:
        text = "["
        members = self.draw(st.integers(0, 4))
        for number in range(members):
            text += f"{self.between()}{self.value(depth - 1)}{self.between()}"
            text += "," if number < members - 1 or self.is_so() else ""
        return f"{text}{self.between()}]"

    def between(self) -> str:
        """Return what may stand between the members of an array."""
        text = BLANK
        for _ in range(self.draw(st.sampled_from([0, 0, 0, 0, 1, 2, 3]))):
            text += (self.comment() if self.draw(st.integers(0, 3)) == 0 else "") + "\n" + BLANK
        return text

    def line(self) -> str:
        match self.draw(st.integers(0, 6)):
            case 0:
                return ""
            case 1:
                return self.comment()
            case 2:
                text = self.one_of("[{}]", "[[{}]]").format(f"{BLANK}{self.key()}{BLANK}")
            case _:
                text = self.pair(3)
        return text + BLANK + (self.comment() if self.draw(st.integers(0, 3)) == 0 else "")


@dataclass(frozen=True)
class Document:
    """A document.

    Args:
        text: it, with `BLANK` where spaces and tabs may stand.
        comments: its comments in their order, without white space at their ends.
    """

    text: str
    comments: list[str]


@st.composite
def documents(draw: st.DrawFn, *, lines: bool = True) -> Document:
    """Draw a document; `lines` says whether its strings may have lines of their own."""
    drawing = Drawing(draw, lines)
    text = "\n".join(BLANK + drawing.line() for _ in range(draw(st.integers(0, 8))))
    return Document(text + drawing.one_of("", "\n", "\n \n\n"), drawing.comments)


@st.composite
def spaced(draw: st.DrawFn, text: str) -> str:
    """Draw the text with spaces and tabs put where they may stand."""
    first, *rest = text.split(BLANK)
    return first + "".join(draw(st.sampled_from(["", " ", "  ", "\t", " \t "])) + part for part in rest)
