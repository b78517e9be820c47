"""The jobs about a tenant's side database, run on this machine as their pods run them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from components.scripts import script
from components.tenant.rotation import command_role, reader_role, second_role
from tests.lifecycle.odoo import DATABASE, PASSWORD, ROLE, checksums
from tests.lifecycle.pods import Pods
from tests.postgres import Server

SIDE: Final = f"{DATABASE}__side"
KEPT: Final = f"{DATABASE}__kept"
Done = subprocess.CompletedProcess[str]


COMMAND_LOGIN: Final = command_role(ROLE)
UPGRADES: Final = {
    "COMMAND_LOGIN": COMMAND_LOGIN,
    "COMMAND_CONNECTIONS": "10",
    "LOGIN": script("odoo_upgrade_login.sh"),
}
"""What these jobs get besides, while the tenant is upgraded."""


def places(pods: Pods, mark: str = "m1") -> dict[str, str]:
    """What every job about the side database gets."""
    (pods.folder / "password").write_text(PASSWORD, encoding="utf-8")
    return {
        "PGHOST": pods.server.host,
        "MASTER_SECRET_ARN": "arn:master",
        "TENANT_ROLE": ROLE,
        "SECOND_LOGIN": second_role(ROLE),
        "READER_ROLE": reader_role(ROLE),
        "TENANT_DATABASE": DATABASE,
        "SIDE_DATABASE": SIDE,
        "KEPT_DATABASE": KEPT,
        "MARK": mark,
        "CONNECTION_LIMIT": "10",
        "IDLE_IN_TRANSACTION_SECONDS": "2100",
        "SETUP": script("database_setup.sh"),
        "DROP": script("database_drop.sh"),
        "MAKE": script("side_database.sh"),
    }


def make(pods: Pods, mark: str = "m1", **more: str) -> Done:
    """The administrator's job: an empty side database."""
    return pods.run(script("side_database.sh"), **places(pods, mark), **more)


def fill_live(pods: Pods, mark: str = "m1") -> Done:
    """The tenant's job: a copy of its database as it is."""
    return pods.run(script("side_database_fill.sh"), SIDE_DATABASE=SIDE, MARK=mark)


def fill_from_backup(  # noqa: PLR0917 - what the job gets
    pods: Pods,
    not_after: str,
    mark: str = "m1",
    version: str = "18.0",
    prefix: str = "acme",
    upload: Mapping[str, str] = MappingProxyType({}),
    **report: str,
) -> Done:
    """The containers of the job that restores a backup: how the last one that ran ended.

    *upload* is what the last one gets of an uploaded one, which lies below *prefix*.
    """
    pods.empty_volumes()
    volumes = {each.upper(): str(pods.folder / each) for each in ("fetched", "restored")}
    nothing = dict.fromkeys(("TENANT", "OWNER", "BUCKET", "PREFIX", "BACKUP"), "")
    steps: tuple[tuple[str, dict[str, str]], ...] = (
        ("restore_test_fetch.sh", {"NOT_AFTER": not_after, "PREFIX": prefix}),
        ("side_database_fill.sh", {**nothing, "SIDE_DATABASE": SIDE, "MARK": mark}),
        ("restore_test_report.sh", {"PREFIX": prefix, **report}),
        (
            "side_database_ready.sh",
            {**nothing, "SIDE_DATABASE": SIDE, "MARK": mark, "VERSION": version, **upload},
        ),
    )
    said, printed = "", ""
    for name, more in steps:
        done = pods.run(script(name), **volumes, **more)
        said += done.stderr
        printed += done.stdout
        if done.returncode:
            break
    return Done(done.args, done.returncode, printed, said)


def act(pods: Pods, action: str, mark: str = "m1", **more: str) -> Done:
    """The administrator's job that switches, takes back or drops."""
    return pods.run(
        script("side_database_switch.sh"), **places(pods, mark), ACTION=action, SWITCH_ATTEMPTS="3", **more
    )


def state(server: Server) -> dict[str, str]:
    """The databases of the tenant, and what each says it is."""
    said = "datname || '=' || coalesce(shobj_description(oid, 'pg_database'), '')"
    where = f"FROM pg_database WHERE datname LIKE '{DATABASE}%' ORDER BY datname"
    listed = server.ask(f"SELECT {said} {where}")
    return dict(line.split("=", 1) for line in listed.splitlines())


def sums(server: Server, database: str = DATABASE) -> dict[str, str]:
    """The checksum of every table."""
    return checksums(lambda sql: server.ask(sql, database=database, user=ROLE, password=PASSWORD))


def forget_side(server: Server) -> None:
    """Drop what a restore leaves."""
    for name in (SIDE, KEPT):
        server.ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.ask(f"DROP ROLE IF EXISTS {COMMAND_LOGIN}")
