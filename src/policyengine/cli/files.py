"""What the commands share that write files."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from policyengine.errors import Place, PolicyError
from policyengine.language.file_problems import FILE_UNWRITABLE


def put_in_place(path: Path, contents: bytes) -> None:
    """Put new contents in the place of a file, at once and with its permissions; a link still leads to it.

    Raises:
        PolicyError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        stands = target.exists()
        if stands and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        handle, name = tempfile.mkstemp(prefix=".policyengine-", dir=target.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(contents)
                file.flush()
                os.fsync(handle)
            if stands:
                shutil.copymode(target, temporary)
            else:
                temporary.chmod(0o666 & ~_umask())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise PolicyError([FILE_UNWRITABLE.at(Place(str(path)), reason=why)]) from None


def _umask() -> int:
    """Return which permissions a new file does not have here; there is no way to ask but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
