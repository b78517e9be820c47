"""Shares what is slow: the servers, and a tenant of every workload class whose set-up has run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.odoo import tree as trees
from tests.odoo.declared import CLASSES, Manifests, resources
from tests.odoo.pod import Host
from tests.odoo.services import Cache, running_cache
from tests.odoo.shop import Shop, make_shop, open_shop
from tests.odoo.tree import Tree
from tests.postgres import Server, running_server, scratch

SHARED_SERVER: Final = "local-postgresql.test"
SHARED_CACHE: Final = "local-sessions.test"
"""Addresses, as the engine-like monitor makes them up."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an Odoo these tests say what they need; they are part of `make odoo` only."""
    for item in items:
        if item.get_closest_marker("odoo") and not trees.given():
            item.add_marker(pytest.mark.skip(reason=trees.NEEDED))


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Write a figure into the table at the end."""
    return lambda text: request.node.user_properties.append(("note", text))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was seen as a table for docs/odoo-versions.md: checks and classes."""
    rows: dict[str, dict[str, str]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            if "tests/odoo/" not in report.nodeid or (outcome == "passed" and report.when != "call"):
                continue
            test, _, parameters = report.nodeid.partition("::")[2].rstrip("]").partition("[")
            column = next((name for name in CLASSES if name in parameters.split("-")), "all")
            variant = " ".join(word for word in parameters.split("-") if word != column)
            notes = "; ".join(text for key, text in report.user_properties if key == "note")
            said = {"passed": notes or "yes"}.get(outcome, "NO")
            rows.setdefault(f"{test} {variant}".strip(), {})[column] = said
    if rows:
        terminalreporter.write_line(table(trees.tree().version, rows))


def table(version: str, rows: dict[str, dict[str, str]]) -> str:
    """A Markdown table of *rows*: test -> class -> what was seen."""
    columns = [name for name in (*CLASSES, "all") if any(name in row for row in rows.values())]
    lines = [f"| Odoo {version} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for test, row in rows.items():
        name = test.removeprefix("test_").replace("_", " ")
        lines.append(f"| {name} | {' | '.join(row.get(column, '') for column in columns)} |")
    return "\n".join(lines)


@pytest.fixture(scope="session")
def tree() -> Tree:
    """The Odoo that `make odoo` was pointed at."""
    return trees.tree()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server with room for all tenants; its master has what RDS gives."""
    with running_server(like_rds=True, settings=("max_connections=600", "shared_buffers=256MB")) as running:
        yield running


@pytest.fixture(scope="session")
def cache() -> Iterator[Cache]:
    """The session cache that all tenants share."""
    with running_cache() as running:
        yield running


@dataclass
class Hosts:
    """The tenants, each set up when it is first asked for."""

    tree: Tree
    server: Server
    cache: Cache
    _stack: ExitStack
    _made: dict[str, Host] = field(default_factory=dict)
    _shops: list[Shop] = field(default_factory=list)
    _selling: set[str] = field(default_factory=set)

    def selling(self, host: Host) -> Host:
        """That tenant with the sales app and a quotation."""
        if not self._shops:
            self._shops.append(make_shop(host, self._stack.enter_context(scratch())))
        elif host.manifests.owner not in self._selling:
            open_shop(host, self._shops[0])
        if host.manifests.owner not in self._selling:
            done = host.run(host.manifests.job("odoo-setup"))
            assert done.code == 0, done.output
            self._selling.add(host.manifests.owner)
        return host

    def forget(self, name: str) -> None:
        """That tenant is gone: whoever asks for it gets a new one."""
        del self._made[name]
        self._selling.discard(name)

    def bare(self, name: str) -> Host:
        """Where the pods of the tenant of that class run, before any job has."""
        declared = resources(self.tree)
        self.cache.server.deploy(declared)
        manifests = Manifests(declared, name)
        elsewhere = {SHARED_SERVER: self.server.host, SHARED_CACHE: self.cache.server.host}
        folder = self._stack.enter_context(scratch())
        host = Host(self.tree, folder, self.server, manifests, elsewhere, self.cache.certificate)
        host.prepare()
        return host

    def of(self, name: str) -> Host:
        """The tenant of that class, set up."""
        if name not in self._made:
            host = self.bare(name)
            for job in ("database-setup", "odoo-setup"):
                done = host.run(host.manifests.job(job))
                assert done.code == 0, done.output
            self._made[name] = host
        return self._made[name]


@pytest.fixture(scope="session")
def hosts(tree: Tree, server: Server, cache: Cache) -> Iterator[Hosts]:
    """The tenants of all classes."""
    with ExitStack() as stack:
        yield Hosts(tree, server, cache, stack)


@pytest.fixture(scope="session", params=CLASSES)
def host(request: pytest.FixtureRequest, hosts: Hosts) -> Host:
    """A tenant of each class."""
    return hosts.of(request.param)


@pytest.fixture(scope="session")
def seller(host: Host, hosts: Hosts) -> Host:
    """A tenant of each class with the sales app and a quotation; its set-up has run once more."""
    return hosts.selling(host)
