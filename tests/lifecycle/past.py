"""A real server as another one was at a moment: PostgreSQL's own recovery of a backup and the log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.postgres import LEADING, Server, back_up, give, scratch, served

_PATIENCE_SECONDS: Final = 60


def archiving(archive: Path) -> Sequence[str]:
    """The settings of a server whose log is kept in *archive*; every commit is in it once it is confirmed."""
    return (
        *LEADING,
        "archive_mode=on",
        f"archive_command=cp %p {archive}/%f.part && mv {archive}/%f.part {archive}/%f",
        "full_page_writes=on",
        "synchronous_commit=on",
        "track_commit_timestamp=on",
    )


def archive_all(server: Server) -> None:
    """Wait until the log of up to now is kept."""
    last = server.ask("SELECT pg_walfile_name(pg_switch_wal())")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.ask("SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver") >= last:
            return
        time.sleep(0.05)
    raise AssertionError(server.log)


@contextmanager
def as_it_was(base: Path, archive: Path, major: int, moment: str) -> Iterator[Server]:
    """A server with the data of *base*, a backup that `back_up` made, and the log up to *moment*.

    It lives as long as the block. *moment* is as PostgreSQL writes it, with a time zone.
    """
    base.chmod(0o700)
    (base / "recovery.signal").touch()
    give(base)
    settings = (
        *LEADING,
        f"restore_command=cp {archive}/%f %p",
        f"recovery_target_time={moment}",
        "recovery_target_action=promote",
    )
    with served(major, base.parent, settings=settings) as server:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while server.ask("SELECT pg_is_in_recovery()") == "t":
            assert time.monotonic() < deadline, server.log
            time.sleep(0.05)
        yield server


@contextmanager
def kept() -> Iterator[tuple[Path, Path]]:
    """A folder for a backup and one for the log, which servers may write."""
    with scratch() as folder:
        archive = folder / "archive"
        archive.mkdir()
        archive.chmod(0o777)
        give(folder)
        yield folder, archive


__all__ = ("archive_all", "archiving", "as_it_was", "back_up", "kept")
