"""Somebody who writes as Odoo does, over one connection, and makes another when it breaks."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE
from tests.postgres import Server

# Odoo opens every transaction like this (set_session in sql_db.py of 18.0 and 19.0), so no default of a role
# or a database makes it read-only.
_WRITE: Final = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; "
    "INSERT INTO no_id VALUES ('{key}'); COMMIT;\n\\echo committed {key}\n"
)
_PATIENCE_SECONDS: Final = 30


@dataclass
class Writer:
    """Writes one row a transaction; knows which the server confirmed, and what it was refused with.

    With `rows` it makes another connection after so many rows; it waits `pause` seconds between two rows.
    """

    server: Server
    name: str
    login: tuple[str, str] = (ROLE, PASSWORD)
    rows: int | None = None
    pause: float = 0.02
    committed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Write until stopped."""
        number = 0
        while not self._stopped.is_set():
            with self._connected() as psql:
                assert psql.stdin
                assert psql.stdout
                last = None if self.rows is None else number + self.rows
                with suppress(BrokenPipeError):
                    while not self._stopped.is_set() and number != last:
                        number += 1
                        key = f"{self.name} {number}"
                        psql.stdin.write(_WRITE.format(key=key))
                        psql.stdin.flush()
                        if psql.stdout.readline().strip() != f"committed {key}":
                            break
                        self.committed.append(key)
                        self._stopped.wait(self.pause)
            time.sleep(0.1)

    @contextmanager
    def _connected(self) -> Iterator[subprocess.Popen[str]]:
        psql = subprocess.Popen(
            ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"],
            env=self.server.connection(*self.login, DATABASE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield psql
        finally:
            with suppress(BrokenPipeError):
                _, said = psql.communicate(timeout=_PATIENCE_SECONDS)
                if said:
                    self.refused.append(said.strip())

    def wait_for(self, more: int) -> None:
        """Until it has committed so many rows more."""
        wanted = len(self.committed) + more
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(self.committed) < wanted:
            assert time.monotonic() < deadline, f"{self.name} wrote nothing: {self.refused[-1:]}"
            time.sleep(0.02)

    def wait_for_refusal(self) -> None:
        """Until it was refused once more."""
        seen = len(self.refused)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(self.refused) == seen:
            assert time.monotonic() < deadline, f"{self.name} was never refused"
            time.sleep(0.02)

    def stop(self) -> None:
        """Write no more."""
        self._stopped.set()


@contextmanager
def writing(server: Server, name: str, **more: Any) -> Iterator[Writer]:
    """A writer at work for as long as the block."""
    writer = Writer(server, name, **more)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        yield writer
    finally:
        writer.stop()
        thread.join(timeout=2 * _PATIENCE_SECONDS)
        assert not thread.is_alive()


def written(server: Server) -> set[str]:
    """What the writers left there, as somebody sees it whom a closed database lets in."""
    return set(server.ask("SELECT key FROM no_id", database=DATABASE).splitlines())
