"""Whether any installed package may bring a plugin, known before the library is loaded that finds them."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import Final

GROUP: Final = "policyengine"
"""The entry-point group of installed plugins."""

_SECTION: Final = f"[{GROUP}]".encode()


def may_be_installed() -> bool:
    """Return whether `importlib.metadata.entry_points` may find an entry point of our group.

    That library takes longer to import than the whole help to say, and in most environments it has nothing to find. So
    the files are looked at that it would read (``entry_points.txt``, as the packaging specifications have them); where
    packages can lie elsewhere, in an archive or with an importer of its own, the answer is yes.
    """
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    return any(map(_names_a_plugin, sys.path))


def _names_a_plugin(folder: str) -> bool:
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208  as quick as can be
    except NotADirectoryError:
        return True
    except OSError:
        return False
    for name in names:
        if name.lower().endswith((".dist-info", "egg-info")):
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:  # noqa: PTH118, PTH123
                    if _SECTION in file.read():
                        return True
            except OSError:
                continue
    return False
