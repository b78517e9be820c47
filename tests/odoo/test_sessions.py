"""Sessions lie in the shared cache, which Odoo opens as the user that is declared for its tenant."""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.visitor import Visitor

pytestmark = pytest.mark.odoo
NAME: Final = "xs"
DAYS: Final = 7
NEEDLESS: Final = {"client|setinfo"}
"""What newer clients tell a server about themselves, and go on when they may not."""


def test_a_session_begins_lasts_and_ends_with_the_declared_user(hosts: Hosts) -> None:
    host, server = hosts.of(NAME), hosts.cache.server
    server.keep("ACL", "LOG", "RESET")
    (container,) = host.manifests.deployment("web")["containers"]
    prefix = next(each["value"] for each in container["env"] if each["name"] == "ODOO_SESSION_REDIS_PREFIX")

    def key(visitor: Visitor) -> str:
        return f"session::{prefix}:{visitor.session}"

    with host.web() as web:
        visitor = Visitor()
        assert visitor.log_in("admin", host.administrator_password), web.output
        known = key(visitor)
        assert json.loads(server.keep("GET", known))["login"] == "admin"
        assert 0 < server.keep("TTL", known) <= DAYS * 24 * 3600
        assert visitor.call("res.users", "search_count", [("login", "=", "admin")]) == 1
        assert f"user=local-{NAME} " in server.keep("CLIENT", "LIST")
        visitor.client.get("/web/session/logout")
        assert key(visitor) != known
        assert server.keep("EXISTS", known) == 0
    refused = {dict(zip(each[::2], each[1::2], strict=True))["object"] for each in server.keep("ACL", "LOG")}
    assert refused <= NEEDLESS
