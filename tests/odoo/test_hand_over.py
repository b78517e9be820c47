"""A tenant moves to another server while its Odoo goes on writing: nothing that was acknowledged is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from components.scripts import script
from tests.lifecycle.pods import move_places
from tests.odoo.conftest import Hosts
from tests.odoo.pod import Ended, Host
from tests.odoo.services import Cache
from tests.odoo.tree import Tree
from tests.odoo.visitor import Visitor
from tests.postgres import Server, running_server

pytestmark = pytest.mark.odoo
PAIRS: Final = ((17, 18), (18, 17), (16, 17))
"""Versions of PostgreSQL that a tenant moves between: the source, the target."""
BEGINS: Final = {"before": -3.0, "with it": 0.3, "within it": 1.0, "after it": None}
"""When somebody begins to write, in seconds after the start of the hand-over; None: when it has ended."""
_WRITTEN: Final = "SELECT name FROM res_partner WHERE name LIKE 'written %'"


@dataclass(frozen=True)
class Move:
    """A tenant on a server of its own, and the server that it moves to."""

    host: Host
    target: Server


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[0]} to {pair[1]}")
def moving(request: pytest.FixtureRequest, tree: Tree, cache: Cache) -> Iterator[Move]:
    """A tenant whose set-up has run, before it moves."""
    with ExitStack() as stack:
        source, target = (
            stack.enter_context(running_server(major, like_rds=True, settings=("max_connections=200",)))
            for major in request.param
        )
        yield Move(Hosts(tree, source, cache, stack).of("xs"), target)


class Writer:
    """Somebody who logs in and creates one contact after the other; knows which were acknowledged."""

    def __init__(self, password: str) -> None:
        self.acknowledged: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, args=(password,))
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _write(self, password: str) -> None:
        visitor, number = Visitor(), 0
        try:
            visitor.log_in("admin", password)
        except AssertionError:
            return
        while not self._over.wait(0.02):
            number += 1
            name = f"written {time.time_ns()}"
            try:
                visitor.call("res.partner", "create", {"name": name})
            except (AssertionError, ValueError):  # an error in JSON, or a page that says so
                continue
            self.acknowledged.append(name)


def move(host: Host, target: Server, name: str, mark: str) -> Ended:
    """Run a job of a move in the pod of the operations image."""
    environment = move_places(host.server, target, mark) | {
        "TENANT_ROLE": host.role,
        "TENANT_DATABASE": host.database,
        "CONNECTION_LIMIT": "60",
        "WAIT_SECONDS": "60",
        "MEASURE_SQL": script("measure.sql"),
        "AS_SQL": script("database_sql.sh"),
        "SEQUENCES_SQL": script("sequences.sql"),
    }
    command = ["/bin/bash", "-euo", "pipefail", "-c", script(name)]
    return host.run(host.manifests.job("database-setup"), command, **environment)


def written(server: Server, host: Host) -> set[str]:
    """The contacts that a server has, asked by its superuser: the tenant may be shut out."""
    server.ask(f"ALTER DATABASE {host.database} CONNECTION LIMIT -1")
    return set(server.ask(_WRITTEN, database=host.database).splitlines())


@pytest.mark.parametrize("begins", BEGINS.values(), ids=BEGINS)
def test_nothing_acknowledged_is_lost(
    moving: Move, begins: float | None, note: Callable[[str], None]
) -> None:
    host, target, mark = moving.host, moving.target, f"move{time.time_ns()}"
    copied = move(host, target, "database_copy.sh", mark)
    assert copied.code == 0, copied.output
    with host.web() as web:
        writer = Writer(host.administrator_password) if begins is not None and begins < 0 else None
        time.sleep(max(0, -(begins or 0)))
        ended: list[Ended] = []
        job = threading.Thread(target=lambda: ended.append(move(host, target, "database_hand_over.sh", mark)))
        job.start()
        if writer is None:
            time.sleep(begins or 0)
            if begins is None:
                job.join()
            writer = Writer(host.administrator_password)
        job.join()
        time.sleep(5)
        writer.end()
        assert web.process.poll() is None
    (done,) = ended
    kept = written(target if done.code == 0 else host.server, host)
    lost = set(writer.acknowledged) - kept
    if done.code == 0:
        later = written(host.server, host) - kept
        assert not later, "the old side took something after the hand-over"
    else:
        assert "has changed since it was copied" in done.output, done.output
    assert not lost
    assert done.code == 0 or begins is not None, done.output
    what = "handed over" if done.code == 0 else "refused, as before"
    note(f"{what}; {len(writer.acknowledged)} acknowledged, 0 lost")
    target.ask(f"DROP DATABASE IF EXISTS {host.database} WITH (FORCE)")
    host.server.ask(f"COMMENT ON DATABASE {host.database} IS NULL")
