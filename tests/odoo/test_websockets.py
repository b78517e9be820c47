"""Eighty browsers reconnect, again and again: all get in, and the process that serves them stays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from tests.odoo.pod import Host
from tests.odoo.visitor import Visitor
from tests.odoo.websockets import reconnect

pytestmark = pytest.mark.odoo
BROWSERS: Final = 80
_TIMES: Final = 3
_LONGEST_SECONDS: Final = 30
_LIMIT: Final = "SELECT rolconnlimit FROM pg_roles WHERE rolname = '{}'"
_CONNECTIONS: Final = "SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'"


@contextmanager
def most_connections(host: Host) -> Iterator[list[int]]:
    """The highest number of connections of the tenant's role while the block ran."""
    most, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            most[0] = max(most[0], int(host.server.ask(_CONNECTIONS.format(host.role))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def test_eighty_browsers_reconnect(seller: Host, note: Callable[[str], None]) -> None:
    ports = [each["containerPort"] for each in seller.manifests.deployment("web")["containers"][0]["ports"]]
    with seller.web() as web, most_connections(seller) as most:
        visitors = [Visitor() for _ in range(8)]
        for visitor in visitors:
            assert visitor.log_in("admin", seller.administrator_password)
        sessions = [visitors[number % len(visitors)].session for number in range(BROWSERS)]
        rounds = [reconnect(max(ports), sessions) for _ in range(_TIMES)]
        refused, took = sum(each[0] for each in rounds), max(each[1] for each in rounds)
        assert took < _LONGEST_SECONDS, rounds
        assert web.output.count("Evented Service (longpolling) running") <= 1, "it was started again"
        assert "virtual memory limit reached" not in web.output
    assert web.memory.killed == 0
    limit = int(seller.server.ask(_LIMIT.format(seller.role)))
    assert most[0] < limit
    note(
        f"{_TIMES} times in {took:.0f} s at most, {refused} of {_TIMES * BROWSERS} refused at first,"
        f" {most[0]} of {limit} connections, peak {web.memory.peak_mib} MiB"
    )
