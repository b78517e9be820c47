"""A tenant's secrets are rotated while a user works: pods are replaced, and no request is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pytest

from tests.components.conftest import declare_plan
from tests.odoo.conftest import Hosts
from tests.odoo.declared import Manifests, platform
from tests.odoo.pod import Host, Running
from tests.odoo.visitor import Visitor
from tests.portfolios import plan_of, tenant
from tests.postgres import scratch
from tiers.portfolio.rotation import Rotation
from tiers.vocabulary import RotationStage

pytestmark = pytest.mark.odoo
NAME: Final = "xs"
USER: Final = ("writer@example.com", "the writer's own password")
ROWS: Final = 4
"""How many contacts are made in every moment; one a second."""
STAGES: Final = (RotationStage.SECOND_LOGIN, RotationStage.FIRST_LOGIN, None)
_PATIENCE_SECONDS: Final = 120


@dataclass
class Service:
    """A user who works through a Service: each request goes to the next pod that is ready."""

    session: Visitor
    ready: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    still: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        number = 0
        while not self.stopped.wait(1):
            with self.still:
                number += 1
                name = f"written {number}"
                where = self.ready[number % len(self.ready)]
                try:
                    self.session.client.base_url = where
                    self.session.call("res.partner", "create", {"name": name})
                    self.acknowledged.append(name)
                except Exception as fault:  # noqa: BLE001 - whatever a user would see
                    self.lost.append(f"{name} at {where}: {fault}")

    def wait(self) -> None:
        """Until the user has made some more."""
        wanted, until = len(self.acknowledged) + ROWS, time.monotonic() + _PATIENCE_SECONDS
        while len(self.acknowledged) < wanted:
            assert self.lost == []
            assert time.monotonic() < until
            time.sleep(0.2)
        assert self.lost == []


@contextmanager
def working(service: Service) -> Iterator[None]:
    thread = threading.Thread(target=service.work)
    thread.start()
    try:
        yield
    finally:
        service.stopped.set()
        thread.join()


def keep_session(visitor: Visitor) -> None:
    """Show the session to every pod: to a browser they are one host."""
    key = visitor.session
    visitor.client.cookies.clear()
    visitor.client.headers["Cookie"] = f"session_id={key}"


def at(hosts: Hosts, rotation: Rotation, address: str, folder: Path) -> Host:
    """The pods of that stage, on an address of their own; the filestore is the same, the cache takes them."""
    host = hosts.of(NAME)
    one = tenant(NAME, options={"users": 5, "workload_class": NAME}, rotation=rotation)
    declared = tuple(declare_plan(plan_of(one, platform=platform(host.tree))))
    hosts.cache.server.deploy(declared)
    manifests = Manifests(declared, NAME)
    (folder / "filestore").symlink_to(host.data)
    elsewhere = {**host.elsewhere, "127.0.0.1": address}
    made = replace(host, manifests=manifests, folder=folder, elsewhere=elsewhere)
    made.prepare()
    return made


def run(host: Host, name: str) -> None:
    done = host.run(host.manifests.job(name))
    assert done.code == 0, done.output


def back_up(host: Host) -> None:
    time.sleep(1)  # backups of one second have one name
    done = host.run(host.manifests.cron_job("backup"))
    assert done.code == 0, done.output


def logins(host: Host) -> set[str]:
    """Which roles hold connections."""
    asked = f"SELECT DISTINCT usename FROM pg_stat_activity WHERE usename ~ '{host.role}'"  # noqa: S608
    return set(host.server.ask(asked).splitlines())


def forget_connections(host: Host, service: Service) -> None:
    """End what pods keep open, between two requests: from now on they have to log in again."""
    with service.still:
        host.server.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608 - our own name
            f" WHERE usename ~ '{host.role}' AND datname = '{host.database}' AND state = 'idle'"
        )
        time.sleep(0.5)


def pods_of(host: Host, stack: ExitStack) -> tuple[Running, Running]:
    web = stack.enter_context(host.web())
    return web, stack.enter_context(replace(host, elsewhere=_beside(host)).cron())


def _beside(host: Host) -> dict[str, str]:
    """A pod of its own has an address of its own."""
    own = host.elsewhere["127.0.0.1"]
    return {**host.elsewhere, "127.0.0.1": f"{own.rpartition('.')[0]}.9"}


def url(host: Host) -> str:
    return f"http://{host.elsewhere['127.0.0.1']}:8069"


def test_a_user_works_through_a_rotation(hosts: Hosts, note: Callable[[str], None]) -> None:
    base = hosts.of(NAME)
    with ExitStack() as stack:
        folders = [stack.enter_context(scratch()) for _ in range(4)]
        now = at(hosts, Rotation(number=0), "127.0.2.1", folders[0])
        before = stack.enter_context(ExitStack())
        web, _ = pods_of(now, before)
        administrator = Visitor(url(now))
        first_password = now.administrator_password
        assert administrator.log_in("admin", first_password), web.output
        user = {"name": "Writer", "login": USER[0], "password": USER[1]}
        rights = administrator.call(
            "ir.model.data", "search_read", [("name", "=", "group_partner_manager")], ["res_id"]
        )
        administrator.call("res.users", "create", {**user, "groups_id": [(4, rights[0]["res_id"])]})
        service = Service(Visitor(url(now)), [url(now)])
        assert service.session.log_in(*USER)
        keep_session(service.session)
        stack.enter_context(working(service))
        service.wait()
        for number, stage in enumerate(STAGES, start=1):
            after = at(hosts, Rotation(number=1, stage=stage), f"127.0.2.{number + 1}", folders[number])
            run(after, "database-setup")
            forget_connections(base, service)
            service.wait()
            back_up(now)
            back_up(after)
            if stage is None:
                break
            run(after, "odoo-setup")
            later = stack.enter_context(ExitStack())
            later.enter_context(after.web())
            service.ready.append(url(after))
            service.wait()
            with service.still:
                service.ready.remove(url(now))
            before.close()
            later.enter_context(replace(after, elsewhere=_beside(after)).cron())
            service.wait()
            role = f"second_{base.role}" if stage is RotationStage.SECOND_LOGIN else base.role
            assert logins(base) == {role}
            before, now = later, after
        service.stopped.set()
        assert Visitor(url(now)).log_in("admin", now.administrator_password)
        assert not Visitor(url(now)).log_in("admin", first_password)
        kept = set(now.ask("SELECT name FROM res_partner WHERE name LIKE 'written %'").splitlines())
        assert service.lost == []
        assert set(service.acknowledged) == kept
        note(f"{len(kept)} contacts acknowledged, 0 lost")
        before.close()
    hosts.forget(NAME)
    base.server.ask(f"DROP DATABASE {base.database} WITH (FORCE)")
