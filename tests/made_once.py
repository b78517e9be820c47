"""What takes long to make and is only read afterwards: made once for all workers of a run of tests."""

from __future__ import annotations

import atexit
import fcntl
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar, cast

T = TypeVar("T")
_SHARED: Final = "COSTACK_TESTS_MADE_ONCE"


def share() -> None:
    """Give the workers that this process will start a folder for it, which ends with the run."""
    folder = tempfile.mkdtemp(prefix="costack-made-once-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[_SHARED] = folder


def _folder() -> Path | None:
    """That of this worker. What a test starts does not know it: it would find made what it should make."""
    given = None if os.environ.get("PYTEST_XDIST_WORKER") is None else os.environ.pop(_SHARED, None)
    return Path(given) if given else None


FOLDER: Final = _folder()


def made_once(what: str, make: Callable[[], T], folder: Path | None = FOLDER) -> T:
    """*what* says all that *make* depends on, but for the code, which does not change in a run.

    A worker that asks while another one makes it waits.
    """
    if folder is None:
        return make()
    path = folder / sha256(what.encode()).hexdigest()
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            whole = path.with_suffix(".partial")
            whole.write_bytes(pickle.dumps(make()))
            whole.rename(path)
        return cast("T", pickle.loads(path.read_bytes()))  # noqa: S301 - written by this run
