"""A copy of production: backed up, restored into staging, made harmless, started, dropped."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest

from components.scripts import script
from tests.odoo.conftest import Hosts
from tests.odoo.declared import STAGING
from tests.odoo.pod import Host
from tests.odoo.shop import in_odoo
from tests.odoo.visitor import Visitor
from tests.postgres import give

pytestmark = pytest.mark.odoo

# What production has and a copy must not have; each if its module is installed.
_PRODUCTION = """
values = {'name': 'real', 'smtp_host': 'mail.example.com', 'smtp_port': 25}
env['ir.mail_server'].create(values)
env['fetchmail.server'].create({'name': 'real', 'server': 'mail.example.com', 'user': 'u', 'password': 'p',
    'server_type': 'imap', 'state': 'done'})
env['payment.provider'].search([], limit=1).write({'state': 'enabled', 'is_published': True})
env['ir.config_parameter'].set_param('web.base.url', 'https://production.example.com')
if 'webhook_url' in env['ir.actions.server']._fields:
    env['ir.actions.server'].create({
        'name': 'tells somebody', 'model_id': env.ref('base.model_res_partner').id, 'state': 'webhook',
        'webhook_url': 'https://hook.example.com'})
env.cr.commit()
"""
_IDENTITY = "SELECT value FROM ir_config_parameter WHERE key = '{}'"


def identity(host: Host) -> list[str]:
    """What a database calls itself."""
    return [host.ask(_IDENTITY.format(key)) for key in ("database.uuid", "database.secret", "web.base.url")]


def back_up(host: Host) -> dict[str, object]:
    """Run the nightly job; the manifest it wrote."""
    done = host.run(host.manifests.cron_job("backup"))
    assert done.code == 0, done.output
    newest = max((host.folder / "bucket" / "manifests").rglob("*.json"))
    return dict(json.loads(newest.read_text(encoding="utf-8")))


def restore(source: Host, target: Host) -> None:
    """Restore the newest backup of *source* in place of the database and the files of *target*."""
    dump = max((source.folder / "bucket" / "dumps").rglob("*.dump"))
    target.server.ask(f"DROP DATABASE IF EXISTS {target.database} WITH (FORCE)")
    done = target.run(target.manifests.job("database-setup"))
    assert done.code == 0, done.output
    command = [str(target.server.programs / "pg_restore"), f"--dbname={target.database}", "--no-owner"]
    connection = target.server.connection(target.role, target.password, target.database)
    subprocess.run([*command, "--no-comments", str(dump)], env=connection, check=True)
    filestore = target.data / "filestore" / target.database
    shutil.rmtree(filestore, ignore_errors=True)
    (files,) = (source.folder / "bucket" / "filestores").iterdir()
    shutil.copytree(files, filestore)
    give(target.data)


def test_a_backup_is_taken(seller: Host, note: Callable[[str], None]) -> None:
    manifest = back_up(seller)
    assert manifest["filestore_files"]
    note(f"{int(str(manifest['dump_bytes'])) // 1_000_000} MB, {manifest['filestore_files']} files")


def test_a_copy_starts_only_when_it_is_harmless(hosts: Hosts, note: Callable[[str], None]) -> None:
    """Production with everything that may do harm is restored into staging."""
    production, staging = hosts.selling(hosts.of("xs")), hosts.of(STAGING)
    in_odoo(production, _PRODUCTION)
    back_up(production)
    restore(production, staging)
    web = staging.manifests.deployment("web")
    refused = staging.run({**web, "containers": web["initContainers"], "initContainers": []})
    assert refused.code == 1
    assert "is not neutralised" in refused.output
    for _ in range(3):
        done = staging.run(staging.manifests.job("odoo-setup"))
        assert done.code == 0, done.output
    assert staging.ask("SELECT count(*) FROM ir_mail_server WHERE smtp_host = 'invalid'") == "1"
    uuid, secret, address = identity(staging)
    assert uuid not in identity(production)
    assert secret not in identity(production)
    assert address == "https://sandbox.odoo.example.com"
    for table in ("ir_mail_server WHERE smtp_host <> 'invalid' AND active", "fetchmail_server WHERE active"):
        assert staging.ask(f"SELECT count(*) FROM {table}") == "0"  # noqa: S608 - written above
    with staging.web():
        assert not Visitor().log_in("admin", "admin")
    note("refused, then harmless")


def test_a_module_installed_in_a_copy_does_not_keep_it_from_starting(hosts: Hosts) -> None:
    """It brings scheduled actions with it: they are switched off before the next start."""
    staging = hosts.of(STAGING)
    in_odoo(
        staging, "env['ir.cron'].with_context(active_test=False).search([]).active = True\nenv.cr.commit()"
    )
    with staging.web() as web:
        assert web.process.poll() is None
    active = "SELECT count(*) FROM ir_cron WHERE active"
    assert staging.ask(active) == "1"  # autovacuum


def test_a_tenant_is_dropped(hosts: Hosts) -> None:
    """While its Odoo still works, and its server vacuums."""
    host = hosts.of("m")
    environment = {
        "MASTER_SECRET_ARN": "arn:master",
        "TENANT_ROLE": host.role,
        "SECOND_LOGIN": f"second_{host.role}",
        "READER_ROLE": f"reader_{host.role}",
        "TENANT_DATABASE": host.database,
        "PGHOST": host.server.host,
    }
    job = host.manifests.job("database-setup")
    with host.web():
        done = host.run(
            job, ["/bin/bash", "-euo", "pipefail", "-c", script("database_drop.sh")], **environment
        )
        assert done.code == 0, done.output
    left = f"SELECT count(*) FROM pg_database WHERE datname = '{host.database}'"  # noqa: S608 - our own name
    assert host.server.ask(left) == "0"
    hosts.forget("m")
