"""A tenant with a module of its own, in builds of one image: the pods that its update stops and starts.

Real are Odoo, PostgreSQL, what is declared, and the pods of Odoo: they run while the Kubernetes API says so.
The API itself is a stand-in for `curl` (tests/lifecycle/test_odoo_update.py).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import httpx

from tests.components.conftest import declare_plan
from tests.lifecycle.test_odoo_update import CURL
from tests.odoo.declared import Manifests, platform
from tests.odoo.pod import Ended, Host, Running
from tests.odoo.staged import empty
from tests.odoo.visitor import BASE
from tests.portfolios import plan_of, tenant
from tests.postgres import give
from tiers.portfolio.platform import Platform
from tiers.portfolio.routes.ingress import MaintenanceSpec

MODULE: Final = "costack_tried"
_PATIENCE_SECONDS: Final = 120
_MODEL: Final = """from odoo import fields, models


class Tried(models.Model):
    _name = "costack.tried"
    _description = "Something that people work with"

    name = fields.Char(required=True)
"""
_FIELD: Final = "    note = fields.Char()\n"
_MIGRATION: Final = """import time


def migrate(cr, version):
    cr.execute("UPDATE costack_tried SET note = 'of ' || name")
"""
_ENDS: Final = {"breaks": '    raise RuntimeError("no such view")\n', "hangs": "    time.sleep(600)\n"}


def module(folder: Path, version: str, number: int, ends: str = "") -> Path:
    """A folder of addons with build *number* of the module; the second one has a column, and data for it."""
    place = folder / f"build-{number}" / MODULE
    files = {
        "__init__.py": "from . import models\n",
        "__manifest__.py": repr(
            {
                "name": "Tried",
                "version": f"{version}.{number}.0.0",
                "depends": ["base"],
                "data": ["security/ir.model.access.csv"],
                "license": "LGPL-3",
            }
        ),
        "models.py": _MODEL + (_FIELD if number > 1 else ""),
        "security/ir.model.access.csv": (
            "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
            "tried,tried,model_costack_tried,base.group_user,1,1,1,1\n"
        ),
    }
    if number > 1:
        files[f"migrations/{version}.{number}.0.0/post-migrate.py"] = _MIGRATION + _ENDS.get(ends, "")
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8")
    give(folder)
    return place.parent


def built(host: Host, addons: Path, number: int = 0) -> Host:
    """The same place with an image that has *addons*, and the update of that number in the tenant's file."""
    tree = replace(host.tree, addons=(*host.tree.addons, addons))
    odoo = {"odoo": {"update": {"number": number, "modules": [MODULE], "minutes": 1}}} if number else {}
    owner = host.manifests.owner
    one = tenant(owner, options={"users": 5, "workload_class": owner}, **odoo)
    made = replace(
        host,
        tree=tree,
        manifests=Manifests(tuple(declare_plan(plan_of(one, platform=_showing(platform(tree))))), owner),
    )
    made.prepare()
    return made


def _showing(about: Platform) -> Platform:
    """*about* with a page that answers while pods are stopped."""
    page = MaintenanceSpec(title="Back soon", text="Your Odoo gets a new build.", retry_after_seconds=60)
    return about.model_copy(update={"ingress": about.ingress.model_copy(update={"maintenance_page": page})})


@dataclass
class Pods:
    """The pods of a tenant that answer, which run while their Deployment says so: Odoo, or else the page.

    All pods of this machine have one address: the page answers when Odoo has ended.

    Attributes:
        host: Where they run; its image is that of the Deployment.
        page: The same with a page.
        seen: What went wrong when a pod was to be started.
    """

    host: Host
    page: Host
    seen: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = self.host.folder
        curl = folder / "tools" / "curl"
        curl.write_text(CURL.replace("@@", str(folder)), encoding="utf-8")
        curl.chmod(0o755)
        (folder / "deployments").mkdir(exist_ok=True)
        (folder / "stays").touch()  # sessions end with their pods here
        for name in ("web", "cron", "maintenance"):
            self.scale(name, 0)

    def _file(self, name: str) -> Path:
        return self.host.folder / "deployments" / f"{self.host.manifests.owner}-{name}"

    def scale(self, name: str, count: int) -> None:
        """As an update of the Deployment does."""
        self._file(name).write_text(f"{count}\n", encoding="utf-8")
        give(self.host.folder / "deployments")

    def wanted(self, name: str) -> int:
        """How many pods there are to be; none while the file is being written."""
        return int(self._file(name).read_text(encoding="utf-8").strip() or 0)

    def _answering(self) -> str | None:
        return next((name for name in ("web", "maintenance") if self.wanted(name)), None)

    def _pod(self, name: str) -> AbstractContextManager[Running]:
        if name == "web":
            return self.host.web()
        return self.page.running(self.page.manifests.deployment(name))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Do what a node does, as long as the block lasts."""
        over = threading.Event()
        node = threading.Thread(target=self._node, args=(over,))
        node.start()
        try:
            yield
        finally:
            over.set()
            node.join()
        assert not self.seen, self.seen

    def _node(self, over: threading.Event) -> None:
        try:
            while not over.is_set():
                with ExitStack() as stack:
                    if name := self._answering():
                        running = stack.enter_context(self._pod(name))
                        while self._answering() == name and not over.is_set():
                            assert running.process.poll() is None, running.output
                            time.sleep(0.1)
                time.sleep(0.1)
        except BaseException as problem:  # noqa: BLE001 - told where the block ends
            self.seen.append(problem)

    def ready(self) -> None:
        """Wait until people can log in."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while answers() != httpx.codes.OK:
            assert not self.seen, self.seen
            assert time.monotonic() < until
            time.sleep(0.2)


def answers() -> int:
    """With which status Odoo's page to log in answers; 0 where nothing does."""
    try:
        return httpx.get(f"{BASE}/web/login", timeout=5, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


@contextmanager
def watching() -> Iterator[list[int]]:
    """With which statuses people are answered as long as the block lasts; 0 where nothing answers."""
    seen: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.3):
            seen.append(answers())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def perform(host: Host, job: str, **more: str) -> Ended:
    """The pod of a job that scales, with what Kubernetes puts into its volumes."""
    place = replace(host, volumes="update")
    empty(place)
    (place.scratch / "token").write_text("secret", encoding="utf-8")
    give(place.scratch)
    return place.run(place.manifests.job(job), None, **more)
