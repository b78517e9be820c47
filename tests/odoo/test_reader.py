"""The login for reports in a copy of a real Odoo: what it reads, and that no secret is among it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.declared import STAGING
from tests.odoo.pod import Host

pytestmark = pytest.mark.odoo
READABLE: Final = """
SELECT c.relname, string_agg(quote_ident(a.attname), ',')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm')
   AND has_column_privilege(c.oid, a.attnum, 'SELECT')
 GROUP BY c.relname ORDER BY 1
"""
SECRETS: Final = """
SELECT value FROM ir_config_parameter WHERE key IN ('database.secret', 'database.uuid')
UNION SELECT password FROM res_users WHERE password IS NOT NULL
"""


def test_it_reads_sales_and_finds_no_secret_anywhere(hosts: Hosts, note: Callable[[str], None]) -> None:
    host = hosts.selling(hosts.of(STAGING))
    given = host.manifests.secret(f"{host.manifests.owner}-reader")
    login = {"user": given["PGUSER"], "password": given["PGPASSWORD"], "database": given["PGDATABASE"]}
    assert host.server.ask("SELECT count(id) FROM sale_order", **login) != "0"
    tables = dict(line.split("|") for line in host.server.ask(READABLE, **login).splitlines())
    secrets = _secrets(host)
    assert len(secrets) > 2
    found = [
        table
        for table, columns in tables.items()
        for row in host.server.ask(f"SELECT {columns} FROM {table}", **login).splitlines()  # noqa: S608 - its own
        if any(secret in row for secret in secrets)
    ]
    assert found == []
    assert not {"ir_config_parameter", "res_users_apikeys"} & tables.keys()
    tried = host.server.try_to_ask("SELECT password FROM res_users", **login)
    assert "permission denied" in tried.stderr
    note(f"{len(tables)} tables and views, none of {len(secrets)} secrets")


def _secrets(host: Host) -> list[str]:
    return host.ask(SECRETS).splitlines()
