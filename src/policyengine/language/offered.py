"""Packs and shared files by name: those that come with the engine, and those of packages that offer some.

``policyengine:vocabulary/appi`` is the file ``vocabulary/appi.toml`` of the engine's own rules, and
``policyengine:appi`` the folder ``appi`` of them: the word before the colon says whose. A package offers the rules in
its folder by an entry point in the group ``policyengine.packs``. A name is the same wherever that is installed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from policyengine.errors import KeyPath, Place, PolicyError, did_you_mean
from policyengine.language.disk import TEST_SUFFIX, contents
from policyengine.language.file_problems import UNKNOWN_OFFER, UNKNOWN_PACK
from policyengine.language.source import Document

OWN: Final = "policyengine"
"""Whose the engine's own rules are, and the word before the colon of their names."""

GROUP: Final = "policyengine.packs"
"""The entry-point group of packages that offer packs."""

_PACKAGE: Final = Path(__file__).parents[1]
_KEYS: Final = {"imports", "policy", "vocabulary", "readings", "conditions", "obligations", "clause"}
_NAME: Final = re.compile(r"(?P<offer>[A-Za-z][\w.-]+):(?P<name>[\w-][\w.-]*(?:/[\w-][\w.-]*)*)")


class Offered(NamedTuple):
    """A pack, or a file that packs share, that can be named.

    Args:
        name: its name.
        kind: what it is.
        path: where it lies here.
        policy: what its ``[policy]`` says, of a pack.
    """

    name: str
    kind: Literal["pack", "shared"]
    path: Path
    policy: dict[str, Any]


def shipped(folder: str) -> Path:
    """Return where a folder of the repository lies that comes with the engine: within the package, or in a checkout."""
    installed = _PACKAGE / folder
    return installed if installed.is_dir() else _PACKAGE.parents[1] / folder


def is_name(path: str | Path) -> bool:
    """Whether this is the name of a pack or a shared file, and no path; a file called like one is ``./one:other``."""
    return isinstance(path, str) and _NAME.fullmatch(path) is not None


def located(path: str | Path, folder: Path = Path(), place: Callable[[], Place] | None = None) -> Path:
    """Return where a pack or a file lies that is named, or whose path is given.

    Args:
        path: its name; or its path, which may be relative.
        folder: what a relative path is taken from.
        place: tells where that is said; by default it is in the name itself.

    Raises:
        PolicyError: nothing has this name.
    """
    found = _NAME.fullmatch(path) if isinstance(path, str) else None
    if found is None:
        return folder / path
    home = _home(found["offer"])
    if home is not None:
        if (file := home / f"{found['name']}.toml").is_file():
            return file
        if (pack := home / found["name"]).is_dir():
            return pack
    at = Place(found[0]) if place is None else place()
    if home is None:
        hint = did_you_mean(found["offer"], _offers())
        raise PolicyError([UNKNOWN_OFFER.at(at, hint=hint, offer=found["offer"])])
    known = [one.name for one in _offered(found["offer"], home)]
    raise PolicyError([UNKNOWN_PACK.at(at, hint=did_you_mean(found[0], known), name=found[0])])


def named_in(document: Document, path: KeyPath, names: Sequence[str]) -> tuple[Path, ...]:
    """Return where the packs lie that a file names, by their paths from its folder or by their names.

    Args:
        document: the file.
        path: where in it they are listed.
        names: what stands there.

    Raises:
        PolicyError: nothing has one of the names.
    """
    folder, places = Path(document.path).parent, (partial(document.place, (*path, at)) for at in range(len(names)))
    return tuple(located(name, folder, place) for name, place in zip(names, places, strict=True))


def homes(name: str) -> list[Path]:
    """Return the folder in which what has this name lies with all that it may import; of a path none."""
    found = _NAME.fullmatch(name)
    home = _home(found["offer"]) if found else None
    return [home] if home else []


def name_of(path: Path) -> str | None:
    """Return the name of a shared file, wherever it lies; None where it has none."""
    file = path.resolve()
    for offer in _offers():
        home = _home(offer)
        if home is not None and file.is_relative_to(home.resolve()):
            return _named(offer, file.with_suffix(""), home.resolve())
    return None


def offered() -> list[Offered]:
    """Return everything that has a name, the engine's own first, each in the order of the names."""
    return [one for offer in _offers() if (home := _home(offer)) is not None for one in _offered(offer, home)]


def _offered(offer: str, home: Path) -> list[Offered]:
    found: dict[Path, list[tuple[Path, dict[str, Any]]]] = {}
    for file in home.rglob("*.toml"):
        if not file.name.endswith(TEST_SUFFIX) and (data := _rules(file)):
            found.setdefault(file.parent, []).append((file, data))
    named: list[Offered] = []
    for folder, inside in found.items():
        policy = next((data["policy"] for _, data in inside if "policy" in data), None)
        if policy is not None:
            named.append(Offered(_named(offer, folder, home), "pack", folder, policy))
        else:
            named += (Offered(_named(offer, file.with_suffix(""), home), "shared", file, {}) for file, _ in inside)
    return sorted(named)


def _named(offer: str, path: Path, home: Path) -> str:
    return f"{offer}:{path.relative_to(home).as_posix()}"


def _rules(file: Path) -> dict[str, Any]:
    """Return what stands in a rule file; nothing of one that is broken, or is somebody else's."""
    try:
        data = tomllib.loads(contents(file).decode())
    except (PolicyError, ValueError):
        return {}
    return data if data.keys() <= _KEYS and isinstance(data.get("policy", {}), dict) else {}


def _offers() -> list[str]:
    return [OWN, *sorted(_packages())]


@cache
def _home(offer: str) -> Path | None:
    """Return the folder of what somebody offers; None where nobody of the name offers anything."""
    if offer == OWN:
        return shipped("rules")
    from importlib.util import find_spec  # noqa: PLC0415  needed only for what others offer

    package = _packages().get(offer)
    try:
        found = find_spec(package) if package else None
    except ImportError:
        found = None
    folders = list(found.submodule_search_locations or ()) if found else []
    return Path(folders[0]) if folders else None


@cache
def _packages() -> dict[str, str]:
    """Return the packages that offer packs, by what their names begin with."""
    from importlib.metadata import entry_points  # noqa: PLC0415  takes long, and is needed only for what others offer

    return {point.name: point.value for point in entry_points(group=GROUP) if point.name != OWN}
