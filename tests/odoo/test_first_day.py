"""The first day of a tenant of every class: its set-up runs as declared, and its administrator logs in."""

from __future__ import annotations

import pytest

from tests.odoo.pod import Host
from tests.odoo.visitor import Visitor

pytestmark = pytest.mark.odoo


def test_the_administrator_logs_in_and_nobody_with_a_known_password(host: Host) -> None:
    with host.web() as web:
        visitor = Visitor()
        assert not visitor.log_in("admin", "admin")
        assert visitor.log_in("admin", host.administrator_password), web.output
        assert visitor.call("res.users", "search_count", [("login", "=", "admin")]) == 1
    assert web.memory.killed == 0


def test_the_password_stands_in_its_secret_only(host: Host) -> None:
    password = host.administrator_password
    assert password not in (host.folder / "odoo-setup.log").read_text(encoding="utf-8")
    assert password not in host.server.log
    for each in (
        *host.manifests.deployment("web")["containers"],
        *host.manifests.job("odoo-setup")["containers"],
    ):
        assert password not in str(each)
