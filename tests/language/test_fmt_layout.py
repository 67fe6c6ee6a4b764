"""The canonical form, one example for each thing that it settles."""

from __future__ import annotations

import pytest

from policyengine import PolicyError
from policyengine.language.format import WIDTH, formatted


def canonical(text: str) -> str:
    return formatted(text, "x.toml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param(" \n\t\n", "", id="blank lines alone"),
        pytest.param("# a", "# a\n", id="a comment alone"),
        pytest.param("a=1", "a = 1\n", id="spaces around ="),
        pytest.param("  a\t=  1  \n", "a = 1\n", id="no other spaces"),
        pytest.param("a . b=1\n", "a.b = 1\n", id="dotted keys"),
        pytest.param('"a" = 1\n\'b\' = 2\n"\\u0063" = 3\n', "a = 1\nb = 2\nc = 3\n", id="bare keys"),
        pytest.param("'a b' = 1\n\"c.d\".'e' = 2\n", '"a b" = 1\n"c.d".e = 2\n', id="keys that need quotes"),
        pytest.param("'日本' = 1\n\"\" = 2\n", '"日本" = 1\n"" = 2\n', id="only ASCII is bare"),
        pytest.param("a = 'b'\n", 'a = "b"\n', id="a literal string"),
        pytest.param("a = 'b\\c'\nd = 'e\"f'\n", "a = 'b\\c'\nd = 'e\"f'\n", id="a literal string that spares escapes"),
        pytest.param("a = '''\nb\n '''\n", 'a = """\nb\n """\n', id="a literal string of several lines"),
        pytest.param("a = '''b\n'''''\n", 'a = """b\n\'\'"""\n', id="quotes at the end of a string"),
        pytest.param('a = """b  \n\n\n  c \\\n  d"""\n', 'a = """b  \n\n\n  c \\\n  d"""\n', id="lines of a string"),
        pytest.param("a={b=1,c={d=2}}\n", "a = {b = 1, c = {d = 2}}\n", id="an inline table"),
        pytest.param("a = { }\nb = [ ]\nc = [\n]\n", "a = {}\nb = []\nc = []\n", id="nothing in it"),
        pytest.param("[a]\n[ b.'c' ]\n[[ d ]]\n", "[a]\n\n[b.c]\n\n[[d]]\n", id="headers"),
        pytest.param("a = 1\n\n\n\nb = 2\n\n\n", "a = 1\n\nb = 2\n", id="one blank line at most"),
        pytest.param("\n\n# a\n\n[b]\n", "# a\n\n[b]\n", id="none at the beginning"),
        pytest.param("a = 1\n# of b\n# too\n[b]\n", "a = 1\n\n# of b\n# too\n[b]\n", id="comments of a header"),
        pytest.param("a = 1\n# of a\n\n[b]\n", "a = 1\n# of a\n\n[b]\n", id="comments of the table before"),
        pytest.param("a = 1 # of a\n[b]\n", "a = 1 # of a\n\n[b]\n", id="a comment on the line before a header"),
        pytest.param("# of b\n[b]\n", "# of b\n[b]\n", id="a header at the beginning"),
        pytest.param("a = 1   #b \t\n#c\n", "a = 1 #b\n#c\n", id="words of comments stay"),
        pytest.param("[a]#b\nc=[]#d\n", "[a] #b\nc = [] #d\n", id="comments on lines of others"),
        pytest.param("\r\na = 1\r\n", "a = 1\n", id="line ends"),
        pytest.param("a = 1979-05-27 07:32:00Z\n", "a = 1979-05-27 07:32:00Z\n", id="a time with a space"),
        pytest.param("a = [1,2 ,\n]\n", "a = [1, 2]\n", id="an array that fits"),
        pytest.param('a = [\n  "b",\n  "c",\n]\n', 'a = ["b", "c"]\n', id="a member a line, which fits on one"),
        pytest.param("a = [\n1,2,\n    3]\n", "a = [\n  1, 2,\n  3,\n]\n", id="rows of several members"),
        pytest.param("a = [1,\n2, 3]\n", "a = [\n  1,\n  2, 3,\n]\n", id="rows, the first on the line of the key"),
        pytest.param("a = [\n1,\n\n\n2]\n", "a = [\n  1,\n\n  2,\n]\n", id="groups"),
        pytest.param("a = [\n\n1,\n2\n\n]\n", "a = [1, 2]\n", id="blank lines at the ends of an array"),
        pytest.param("a = [\n[1],\n[2,3]]\n", "a = [\n  [1],\n  [2, 3],\n]\n", id="a table of rows"),
        pytest.param("a = [\n{b=1}]\n", "a = [\n  {b = 1},\n]\n", id="a row of a table"),
        pytest.param("a = [{b=1},{b=2}]\n", "a = [{b = 1}, {b = 2}]\n", id="tables on one line"),
        pytest.param("a = [ # b\n1]\n", "a = [ # b\n  1,\n]\n", id="a comment at the beginning of an array"),
        pytest.param(
            "a = [1 # one\n, 2, # two\n# own\n]# end\n",
            "a = [\n  1, # one\n  2, # two\n  # own\n] # end\n",
            id="comments in an array",
        ),
        pytest.param("a = [[1,[\n# c\n]]]\n", "a = [\n  [\n    1,\n    [\n      # c\n    ],\n  ],\n]\n", id="nested"),
        pytest.param("a = {b = [\n1], c = 2}\n", "a = {b = [1], c = 2}\n", id="an array in an inline table"),
        pytest.param("a = {b = [\n1, 2,\n3]}\n", "a = {b = [\n  1, 2,\n  3,\n]}\n", id="rows in an inline table"),
    ],
)
def test_the_canonical_form(before, after):
    assert canonical(before) == after
    assert canonical(after) == after


@pytest.mark.parametrize(("letter", "columns"), [("x", 1), ("字", 2), ("Ｘ", 2), ("ｶ", 1)])
def test_an_array_is_broken_where_it_takes_more_than_the_width(letter, columns):
    word = letter * ((WIDTH - len('ab = ["", 1]')) // columns)
    assert canonical(f'ab = ["{word}", 1]') == f'ab = ["{word}", 1]\n'
    assert canonical(f'ab = ["{word}", 10]') == f'ab = [\n  "{word}",\n  10,\n]\n'
    assert canonical(f'ab = ["{word}", 1] # not counted') == f'ab = ["{word}", 1] # not counted\n'


def test_what_stands_in_another_value_is_broken_by_its_writer_alone():
    row = f'["{"x" * 60}", ["{"y" * 60}", "z"]]'
    assert canonical(f"a = [{row}]") == f"a = [\n  {row},\n]\n"
    assert canonical(f"a = {{b = {row}}}") == f"a = {{b = {row}}}\n"
    assert canonical(f'a = {{b = [\n"{"x" * 120}",\n"y"]}}') == f'a = {{b = [\n  "{"x" * 120}",\n  "y",\n]}}\n'


def test_a_byte_order_mark_is_no_part_of_a_text():
    with pytest.raises(PolicyError) as caught:
        canonical("\ufeffa = 1\n")
    assert caught.value.problems[0].code == "toml-syntax"


@pytest.mark.parametrize("text", ["a =", "[a\n", "a = 1\na = 2\n", "a = {b = 1,}\n", "a = " + "[" * 70 + "]" * 70])
def test_what_is_no_toml_1_0_is_told_with_its_place(text):
    with pytest.raises(PolicyError) as caught:
        canonical(text)
    (problem,) = caught.value.problems
    assert problem.code in ("toml-syntax", "toml-1.1")
    assert str(problem.place).startswith("x.toml:1:") or str(problem.place).startswith("x.toml:2:")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a = [\n  [{}],\n]\n", "a = [\n  [\n    {},\n  ],\n]\n", id="a row, and the comma behind it"),
        pytest.param("a = {b = [{}]}\n", "a = {b = [\n  {},\n]}\n", id="in an inline table, and the brace behind it"),
        pytest.param(
            "a = {b = [\n  1, 2,\n], c = [{}]}\n",
            "a = {b = [\n  1, 2,\n], c = [\n  {},\n]}\n",
            id="in an inline table, behind an array with lines",
        ),
    ],
)
def test_an_array_that_its_writer_broke_comes_back_to_one_line_where_that_takes_no_more_than_the_width(before, after):
    line = next(line for line in before.split("\n") if "{}" in line)
    word = "x" * (WIDTH - len(line))
    assert canonical(after.replace("{}", f'"{word}"')) == before.replace("{}", f'"{word}"')
    assert canonical(after.replace("{}", f'"{word}x"')) == after.replace("{}", f'"{word}x"')
