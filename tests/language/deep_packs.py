"""A pack whose terms stand in one another thousands deep."""

from __future__ import annotations

from pathlib import Path

DEEP = 5_000


def chain(tmp_path: Path, *, closed: bool = False) -> Path:
    """Write a pack whose every item is a kind of the one before it, the first of the last one where `closed`."""
    above = f", is_a = 't{DEEP - 1}'" if closed else ""
    first = f"t0 = {{ja = 'x', en = 'x'{above}}}\n"
    terms = "".join(f"t{number} = {{ja = 'x', en = 'x', is_a = 't{number - 1}'}}\n" for number in range(1, DEEP))
    (tmp_path / "policy.toml").write_text(
        "[policy]\nid = 'deep'\nversion = '1'\ntitle = {ja = 'x', en = 'x'}\ngoverns = ['shop']\n"
        "[vocabulary.purposes]\nuse = {ja = 'x', en = 'x'}\n"
        "[vocabulary.subjects]\ncustomer = {ja = 'x', en = 'x'}\n"
        f"[vocabulary.items]\n{first}{terms}"
        "[[clause]]\nnumber = '1'\nsummary = {ja = 'x', en = 'x'}\n"
        "[[clause.purpose-limitation]]\nsubjects = ['customer']\npurposes = ['use']\nitems = ['t0']\n",
        "utf-8",
    )
    return tmp_path
