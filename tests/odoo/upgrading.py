"""A tenant of one version of Odoo with its upgrade to the next, by OpenUpgrade, on real source trees.

`ODOO_NEXT` is the source tree of the next version, `ODOO_NEXT_ADDONS` its further addons, `OPENUPGRADE` a
folder
with OpenUpgrade's addons for it in `odoo/addons` and the library `openupgradelib`:
`pip install --no-deps --target FOLDER odoo-addon-openupgrade-framework==18.0.*
odoo-addon-openupgrade-scripts==18.0.* openupgradelib cssselect`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tests.components.conftest import declare_plan
from tests.odoo.conftest import Hosts
from tests.odoo.declared import Manifest, Manifests, platform
from tests.odoo.pod import Host
from tests.odoo.shop import in_odoo, install
from tests.odoo.test_copies import back_up
from tests.odoo.tree import Tree, tree_in
from tests.portfolios import plan_of, tenant
from tests.postgres import give
from tiers.plan.plan import Plan
from tiers.portfolio.platform import Platform

NEEDED: Final = ("ODOO_NEXT", "OPENUPGRADE")
LACKING: Final = f"no next Odoo to upgrade to: {', '.join(NEEDED)} (tests/odoo/upgrading.py)"
NEXT: Final = "next"
_IMAGES: Final = {
    name: f"registry.example.com/{name}@sha256:{digit * 64}"
    for name, digit in (("odoo", "e"), ("openupgrade", "f"))
}
_VOLUMES: Final = ("fetched", "restored", "side", "stood")
# OpenUpgrade from 17.0 to 18.0 removes a message.
_BOUNDS: Final = {"minutes": 30, "may_lose_rows": ["mail_message"]}
_LEADS = """
partner = env['res.partner'].create({'name': 'Zoë Exämple', 'email': 'zoe@example.com'})
for number in range(40):
    lead = env['crm.lead'].create({'name': f'Lead {number}', 'partner_id': partner.id})
    lead.message_post(body=f'said {number}', attachments=[('note.txt', f'attached {number}'.encode())])
env['ir.mail_server'].create({'name': 'real', 'smtp_host': 'mail.example.com', 'smtp_port': 25})
env.cr.commit()
"""
_LOAD: Final = "--load=base,web,openupgrade_framework"


def next_tree() -> Tree:
    """The tree of the version that is upgraded to."""
    addons = os.environ.get("ODOO_NEXT_ADDONS", "").split(":")
    return tree_in(Path(os.environ["ODOO_NEXT"]), tuple(Path(each) for each in addons if each))


def openupgrade() -> Path:
    """The folder of OpenUpgrade."""
    return Path(os.environ["OPENUPGRADE"]).resolve()


COMMAND: Final = ("openupgrade",)
"""A program of the image: arguments that name folders below /tmp would be taken for those of the pod."""


def _arguments(then: Tree) -> list[str]:
    """OpenUpgrade's command, as its manual has it; `odoo.conf` is found by ODOO_RC."""
    addons = openupgrade() / "odoo" / "addons"
    folders = ",".join((*then.addons_path, str(addons)))
    scripts = addons / "openupgrade_scripts" / "scripts"
    quiet = ["--stop-after-init", "--no-http", "--workers=0", "--max-cron-threads=0", "--without-demo=all"]
    return ["--update=all", _LOAD, f"--addons-path={folders}", f"--upgrade-path={scripts}", *quiet]


def upgradable(now: Tree, then: Tree, runs: Sequence[str] = COMMAND) -> Platform:
    """The local platform with both versions, and *runs* as what upgrades."""
    document = platform(now).model_dump(mode="json")
    own = document["images"]["odoo"]
    document["images"]["odoo_versions"] = {
        NEXT: {
            **own,
            "image": _IMAGES["odoo"],
            "version": then.version,
            "addons_path": list(then.addons_path),
            "upgrade": {"image": _IMAGES["openupgrade"], "command": list(runs), **_BOUNDS},
        }
    }
    return Platform.model_validate(document)


def planned(now: Tree, then: Tree, stage: str | None, runs: Sequence[str] = COMMAND) -> Plan:
    """The plan of the tenant `xs` at a stage of its upgrade; at rest without one."""
    upgrade = {"to": NEXT, "stage": stage} if stage else None
    one = tenant("xs", options={"users": 5, "workload_class": "xs"}, upgrade=upgrade)
    return plan_of(one, platform=upgradable(now, then, runs))


@dataclass(frozen=True)
class UpgradingHost(Host):
    """Where the pods of a tenant run that is upgraded: each volume in a folder, each image with its own Odoo.

    Attributes:
        images: Image -> the tree of the Odoo in it.
    """

    images: Mapping[str, Tree] = field(default_factory=dict)

    def at(self, stage: str | None, runs: Sequence[str] = COMMAND) -> UpgradingHost:
        """The same with what is declared at that stage."""
        declared = tuple(declare_plan(planned(self.tree, self.images[_IMAGES["odoo"]], stage, runs)))
        return replace(self, manifests=Manifests(declared, "xs"))

    def asked_beside(self, sql: str) -> str:
        """What the database beside the one in use answers."""
        beside = f"{self.database}__side"
        return self.server.ask(sql, database=beside, user=self.role, password=self.password)

    def empty_volumes(self) -> None:
        """As a pod begins."""
        for name in _VOLUMES:
            folder = self.folder / "volumes" / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        give(self.folder / "volumes")

    def _places(self, spec: Manifest) -> dict[str, Path]:
        known = super()._places(spec)
        own = {name: self.folder / "volumes" / name for name in _VOLUMES}
        return known | {name: own[name] for name in known.keys() & own.keys()}

    def _mapper(self, container: Manifest, places: Mapping[str, Path]) -> Callable[[str], str]:
        """Also parts of volumes; what was prepared for the place of the tenant's own files leads there."""
        here = {
            mount["mountPath"]: str(places[mount["name"]] / mount.get("subPath", ""))
            for mount in container.get("volumeMounts", ())
        }
        conf = Path(here.get("/etc/odoo", "/nowhere")) / "odoo.conf"
        if conf.is_relative_to(self.folder / "volumes"):
            text = conf.read_text(encoding="utf-8")
            conf.write_text(text.replace(str(self.data), here["/var/lib/odoo"]), encoding="utf-8")
        longest_first = "|".join(re.escape(path) for path in sorted(here, key=len, reverse=True))
        declared = re.compile(rf"(?<![\w.])({longest_first})(?![\w-])")
        return lambda text: declared.sub(lambda found: here[found[1]], self._found(text))

    def _environment(self, container: Manifest, mapped: Callable[[str], str]) -> dict[str, str]:
        values = super()._environment(container, mapped)
        then = self.images.get(container["image"])
        if then is not None:
            folder = self.folder / "images" / container["image"][-8:]
            folder.mkdir(parents=True, exist_ok=True)
            library = openupgrade() / "library"
            words = shlex.join([str(then.python), str(then.folder / "odoo-bin")])
            head = f"#!/bin/bash\nexport PYTHONPATH={shlex.quote(str(library))}\n"
            (folder / "odoo").write_text(f'{head}exec {words} "$@"\n', encoding="utf-8")
            (folder / "odoo").chmod(0o755)
            words = shlex.join([str(then.python), str(then.folder / "odoo-bin"), *_arguments(then)])
            (folder / "openupgrade").write_text(f"{head}exec {words}\n", encoding="utf-8")
            (folder / "openupgrade").chmod(0o755)
            give(self.folder / "images")
            values["PATH"] = f"{folder}:{values['PATH']}"
        return values


def hosted(base: Host, then: Tree) -> UpgradingHost:
    """*base* with the images of both versions."""
    values: dict[str, Any] = {name: getattr(base, name) for name in Host.__dataclass_fields__}
    return UpgradingHost(**values, images=dict.fromkeys(_IMAGES.values(), then))


@contextmanager
def selling(hosts: Hosts, then: Tree) -> Iterator[UpgradingHost]:
    """A tenant with leads, messages and files, and one backup."""
    base = hosts.of("xs")
    install(base, "crm")
    in_odoo(base, _LEADS)
    back_up(base)
    yield hosted(base, then)
    hosts.forget("xs")


def perform(host: UpgradingHost, *jobs: str) -> str:
    """Run jobs to their good end; what the last one said."""
    said = ""
    for job in jobs:
        host.empty_volumes()
        done = host.run(host.manifests.job(job))
        assert done.code == 0, (job, done.output)
        said = done.output
    return said


def version(host: UpgradingHost) -> str:
    """The major version that the database in use is of."""
    return host.ask("SELECT latest_version FROM ir_module_module WHERE name = 'base'").partition(".")[0]
