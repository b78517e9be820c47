"""A tenant with CRM and mail is upgraded to the next major version by OpenUpgrade, and goes back.

Real are both Odoos, OpenUpgrade, PostgreSQL, what is declared for each stage, and the visitor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from lifecycle.upgrade import UpgradeResult, result_of
from tests.odoo.conftest import Hosts
from tests.odoo.shop import in_odoo
from tests.odoo.tree import Tree
from tests.odoo.upgrading import (
    LACKING,
    NEEDED,
    UpgradingHost,
    next_tree,
    perform,
    selling,
    version,
)
from tests.odoo.visitor import Visitor

pytestmark = [
    pytest.mark.odoo,
    pytest.mark.skipif(
        not all(os.environ.get(each) for each in NEEDED),
        reason=LACKING,
    ),
]
_COUNTS = (
    "SELECT (SELECT count(*) FROM crm_lead), (SELECT count(*) FROM mail_message WHERE model = 'crm.lead')"
)


@pytest.fixture(scope="module")
def then() -> Tree:
    return next_tree()


@pytest.fixture(scope="module")
def seller(hosts: Hosts, then: Tree) -> Iterator[UpgradingHost]:
    with selling(hosts, then) as host:
        yield host


def minutes(found: UpgradeResult) -> str:
    return f"{found.seconds} s, {found.command_seconds} of them the command"


@pytest.fixture(scope="module")
def rehearsed(seller: UpgradingHost, then: Tree) -> UpgradeResult:
    """The rehearsal, while somebody is logged in."""
    now = seller.at("rehearse")
    with seller.web():
        visitor = Visitor()
        assert visitor.log_in("admin", seller.administrator_password)
        said = perform(now, "make-side-database", "upgrade-side-database")
        assert Visitor().log_in("admin", seller.administrator_password)
    return result_of(said, "xs", "rehearsal", then.version)


def test_the_upgrade_is_rehearsed_on_a_harmless_copy_while_people_work(
    seller: UpgradingHost, rehearsed: UpgradeResult, note: Callable[[str], None]
) -> None:
    assert version(seller) == seller.tree.version.partition(".")[0]
    assert rehearsed.rows["crm_lead"] == (40, 40)
    servers = "SELECT count(*) FROM ir_mail_server WHERE active AND smtp_host <> 'invalid'"
    assert (seller.ask(servers), seller.asked_beside(servers)) == ("1", "0")
    note(f"rehearsed in {minutes(rehearsed)}; modules gone: {', '.join(rehearsed.modules_gone) or 'none'}")


def test_a_command_that_fails_leaves_a_tenant_that_works(
    seller: UpgradingHost, rehearsed: UpgradeResult
) -> None:
    assert rehearsed.result == "ok"
    before = seller.ask(_COUNTS)
    broken = seller.at("upgrade", ["/bin/bash", "-c", "psql -qc 'DROP TABLE crm_lead CASCADE'; exit 3"])
    perform(broken, "final-backup", "make-side-database")
    broken.empty_volumes()
    done = broken.run(broken.manifests.job("upgrade-side-database"))
    assert done.code == 1
    assert "the command that upgrades ended with 3" in done.output
    assert broken.run(broken.manifests.job("switch-side-database")).code == 1
    back = seller.at("back")
    perform(back, "odoo-setup", "switch-side-database", "restore-filestore")
    perform(seller.at("discard"), "odoo-setup", "drop-side-database")
    assert seller.ask(_COUNTS) == before
    with seller.web():
        assert Visitor().log_in("admin", seller.administrator_password)


def test_people_work_with_the_next_version_and_can_go_back(
    seller: UpgradingHost, then: Tree, note: Callable[[str], None]
) -> None:
    before = seller.ask(_COUNTS)
    during = seller.at("upgrade")
    perform(during, "final-backup", "make-side-database")
    said = perform(during, "upgrade-side-database")
    perform(during, "switch-side-database")
    started = seller.at("start")
    perform(started, "odoo-setup")
    with started.web():
        assert Visitor().log_in("admin", seller.administrator_password)
    assert (version(seller), seller.ask(_COUNTS)) == (then.version.partition(".")[0], before)
    # The files of messages are there: Odoo of the next version reads one.
    read = "print('READ', env['ir.attachment'].search([('name', '=', 'note.txt')], limit=1).raw)"
    assert "READ b'attached" in in_odoo(started, read)
    perform(seller.at("back"), "odoo-setup", "switch-side-database", "restore-filestore")
    perform(seller.at("discard"), "odoo-setup", "drop-side-database")
    assert (version(seller), seller.ask(_COUNTS)) == (seller.tree.version.partition(".")[0], before)
    with seller.web():
        assert Visitor().log_in("admin", seller.administrator_password)
    note(f"upgraded in {minutes(result_of(said, 'xs', 'upgrade', then.version))}, started, and taken back")
