"""A restore in place while people write, a refresh of staging, and an upload: with the real Odoo."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from lifecycle.refreshes.result import refresh_results
from lifecycle.uploads.archive import opened_archive
from lifecycle.uploads.placing import Place, upload
from lifecycle.uploads.source import LocalFile
from tests.lifecycle.pods import BUCKET
from tests.lifecycle.uploads.archives import FolderBucket
from tests.odoo.conftest import Hosts
from tests.odoo.declared import STAGING, plan
from tests.odoo.pod import Host
from tests.odoo.shop import in_odoo
from tests.odoo.staged import copied_live, reading, run_job, run_stage
from tests.odoo.test_copies import back_up
from tests.odoo.test_hand_over import Writer
from tests.odoo.visitor import Visitor
from tests.postgres import give
from tiers.facts.names import LIVE_BACKUP
from tiers.portfolio.restore.source import upload_prefix
from tiers.portfolio.restore.stage import RestoreStage

pytestmark = pytest.mark.odoo
_WRITTEN: Final = "SELECT name FROM res_partner WHERE name LIKE 'written %'"
_IMAGE: Final = (
    "import base64; env['ir.attachment'].create({'name': %r, 'raw': %r.encode() * 5000}); env.cr.commit()"
)
_SOLD: Final = "SELECT name FROM sale_order UNION SELECT name::text FROM product_template ORDER BY 1"
# With Odoo's own code, as its database manager does it; the product keeps that closed.
_DUMP: Final = """
import odoo
from odoo.service import db
odoo.tools.config['list_db'] = True
with open('/tmp/odoo-sh.zip', 'wb') as stream:
    db.dump_db(env.cr.dbname, stream, 'zip')
"""


def written(host: Host) -> set[str]:
    return set(host.ask(_WRITTEN).splitlines())


def attachments_open(host: Host, visitor: Visitor) -> int:
    """Open every attachment that lies in the filestore; how many there were."""
    listed = host.ask(
        "SELECT id FROM ir_attachment WHERE store_fname IS NOT NULL AND res_field IS NULL LIMIT 40"
    )
    for each in listed.split():
        answer = visitor.client.get(f"/web/content/{each}?download=true", follow_redirects=True)
        assert answer.status_code == 200, (each, answer.status_code)
    return len(listed.split())


@pytest.fixture
def shop(hosts: Hosts) -> Host:
    return hosts.selling(hosts.of("xs"))


def test_a_restore_in_place_while_people_write(shop: Host, note: Callable[[str], None]) -> None:
    """The moment of the backup is there, and after the way back all that anybody was told is saved."""
    in_odoo(shop, _IMAGE % ("before", "before "))
    with shop.web():
        writer = Writer(shop.administrator_password)
        while len(writer.acknowledged) < 5:
            time.sleep(0.2)
        at_least = set(writer.acknowledged)
        back_up(shop)
        at_most = set(writer.acknowledged)
        began = time.monotonic()
        run_stage(shop, RestoreStage.PREPARE)
        prepared = time.monotonic() - began
        assert len(writer.acknowledged) > len(at_most)  # nobody waited meanwhile
        writer.end()
    in_odoo(shop, _IMAGE % ("after", "after "))
    acknowledged = set(writer.acknowledged)
    waiting = time.monotonic()
    back_up(shop)
    switched = run_stage(shop, RestoreStage.SWITCH)
    run_job(shop, "odoo-setup")
    assert at_least <= written(shop) <= at_most | {max(acknowledged)}
    assert written(shop) < acknowledged
    with shop.web():
        visitor = Visitor()
        assert visitor.log_in("admin", shop.administrator_password)
        waited = time.monotonic() - waiting
        opened = attachments_open(shop, visitor)
        visitor.call("res.partner", "create", {"name": "written after the restore"})
    assert shop.ask("SELECT count(*) FROM ir_attachment WHERE name = 'after'") == "0"

    run_stage(shop, RestoreStage.BACK)
    assert written(shop) == acknowledged
    run_job(shop, "odoo-setup")
    with shop.web():
        visitor = Visitor()
        assert visitor.log_in("admin", shop.administrator_password)
        assert attachments_open(shop, visitor) >= opened
    run_stage(shop, RestoreStage.DISCARD)
    note(
        f"{len(acknowledged)} acknowledged, {len(at_least)} of them before the backup, 0 lost after --back; "
        f"prepared in {prepared:.0f} s, jobs of the switch {switched:.0f} s, people waited {waited:.0f} s"
    )


def harmless(staging: Host) -> None:
    """What a copy of production must be before a pod starts."""
    assert (
        staging.ask("SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'") == "true"
    )
    for table in ("ir_mail_server WHERE smtp_host <> 'invalid' AND active", "fetchmail_server WHERE active"):
        if staging.ask(f"SELECT to_regclass('{table.split()[0]}') IS NOT NULL") == "t":
            assert staging.ask(f"SELECT count(*) FROM {table}") == "0"  # noqa: S608 - above


def started(staging: Host, source: Host, names: str = _SOLD) -> int:
    """Start it: refused by its gate, set up, harmless; how many attachments of *source* open."""
    web = staging.manifests.deployment("web")
    refused = staging.run({**web, "containers": web["initContainers"], "initContainers": []})
    assert (refused.code, "is not neutralised" in refused.output) == (1, True), refused.output
    run_job(staging, "odoo-setup")
    harmless(staging)
    assert staging.ask(names) == source.ask(names) != ""
    with staging.web():
        # It has the administrator's password of production.
        in_odoo(staging, "env.ref('base.user_admin').password = 'of the copy'; env.cr.commit()")
        visitor = Visitor()
        assert visitor.log_in("admin", "of the copy")
        return attachments_open(staging, visitor)


@pytest.fixture
def staging(hosts: Hosts) -> Iterator[Host]:
    host = hosts.of(STAGING)
    yield host
    # Back to what it was before, whatever happened.
    run_stage(host, RestoreStage.BACK)
    run_stage(host, RestoreStage.DISCARD)
    run_job(host, "odoo-setup")


def test_a_refresh_of_staging(shop: Host, staging: Host, note: Callable[[str], None]) -> None:
    in_odoo(
        shop,
        "env['ir.mail_server'].create({'name': 'real', 'smtp_host': 'mail.example.com'}); env.cr.commit()",
    )
    back_up(shop)
    with reading(staging, shop):
        prepared = run_stage(staging, RestoreStage.PREPARE, from_tenant="xs")
        switched = run_stage(staging, RestoreStage.SWITCH, from_tenant="xs")
    opened = started(staging, shop)
    note(
        f"prepared in {prepared:.0f} s, switched in {switched:.0f} s, neutralised, {opened} attachments open"
    )


def test_a_live_refresh_while_people_write(hosts: Hosts, staging: Host, note: Callable[[str], None]) -> None:
    """The copy is of one moment of that update, and nobody at the other tenant waits or is changed."""
    source, shop = {"from_tenant": "xs", "live": True}, hosts.of("xs")
    in_odoo(shop, _IMAGE % ("before", "before "))
    before = int(shop.ask("SELECT count(*) FROM res_partner"))
    with shop.web():
        writer = Writer(shop.administrator_password)
        while len(writer.acknowledged) < 5:
            time.sleep(0.2)
        at_least, began = set(writer.acknowledged), time.monotonic()
        run_job(copied_live(staging, shop, **source), LIVE_BACKUP)
        copied, at_most = time.monotonic() - began, set(writer.acknowledged)
        assert len(at_most) > len(at_least) + 3  # nobody waited meanwhile
        while len(writer.acknowledged) < len(at_most) + 5:  # and what is written afterwards is not in it
            time.sleep(0.2)
        writer.end()
    with reading(staging, shop):
        prepared = run_stage(staging, RestoreStage.PREPARE, **source)
        switched = run_stage(staging, RestoreStage.SWITCH, **source)
    # Its people are anonymised, so they are counted and not named.
    number = int(staging.ask("SELECT count(*) FROM res_partner"))
    assert len(at_least) <= number - before <= len(at_most) + 1
    assert staging.ask("SELECT count(*) FROM res_partner WHERE name LIKE 'written %'") == "0"
    assert set(writer.acknowledged) <= written(shop)
    opened = started(staging, shop, "SELECT login FROM res_users ORDER BY 1")
    folder = staging.folder / "bucket" / "manifests" / STAGING / "refreshes"
    newest = max(folder.iterdir()).read_text(encoding="utf-8")
    (result,) = refresh_results([newest], STAGING)
    note(
        f"backed up in {copied:.0f} s while {len(at_most) - len(at_least)} contacts were written, "
        f"prepared in {prepared:.0f} s, switched in {switched:.0f} s, {result.named} files named, "
        f"{result.brought_back} brought, {opened} attachments open"
    )


def dumped(host: Host) -> Path:
    """A zip as Odoo's own database manager makes it."""
    in_odoo(host, _DUMP)
    return host.scratch / "odoo-sh.zip"


def brought(host: Host, path: Path) -> None:
    """Upload it for a tenant, as `costack refresh --from` does."""
    owner, planned = host.manifests.owner, plan(host.tree).tenant(host.manifests.owner)
    assert planned is not None
    with opened_archive(LocalFile.of(path)) as archive, tempfile.TemporaryFile() as written_to:
        assert archive.manifest["major_version"] == host.tree.version
        dump = archive.write_dump(written_to, 1 << 30, lambda _: None)
        to = Place(BUCKET, upload_prefix(owner), owner, planned.owner, archive.taken)
        upload(archive, dump, written_to, to, FolderBucket(host.folder / "bucket"), lambda _: None)
    give(host.folder / "bucket")


def test_an_upload_of_a_zip_made_by_odoo(shop: Host, staging: Host, note: Callable[[str], None]) -> None:
    path = dumped(shop)
    began = time.monotonic()
    brought(staging, path)
    uploaded = time.monotonic() - began
    source = {"from_archive": "odoo-sh.zip"}
    prepared = run_stage(staging, RestoreStage.PREPARE, **source)
    switched = run_stage(staging, RestoreStage.SWITCH, **source)
    opened = started(staging, shop)
    note(
        f"{path.stat().st_size // 1_000_000} MB read and uploaded in {uploaded:.0f} s, prepared in "
        f"{prepared:.0f} s, switched in {switched:.0f} s, neutralised, {opened} attachments open"
    )
