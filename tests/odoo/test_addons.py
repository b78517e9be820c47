"""A set-up ends with a sentence where Odoo logs a line and goes on: addons that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.odoo.conftest import Hosts
from tests.odoo.pod import Ended, Host
from tests.odoo.services import Cache
from tests.odoo.tree import Tree
from tests.postgres import running_server

pytestmark = pytest.mark.odoo


@pytest.fixture
def alone(tree: Tree, cache: Cache) -> Iterator[Hosts]:
    """Tenants on a server of their own."""
    with ExitStack() as stack:
        yield Hosts(tree, stack.enter_context(running_server(like_rds=True)), cache, stack)


def set_up(host: Host) -> Ended:
    done = host.run(host.manifests.job("database-setup"))
    assert done.code == 0, done.output
    return host.run(host.manifests.job("odoo-setup"))


def test_what_the_image_lacks_ends_the_set_up_and_the_next_one_goes_on(alone: Hosts, tree: Tree) -> None:
    alone.tree = replace(tree, addons=())
    lacking = alone.bare("xs")
    done = set_up(lacking)
    assert done.code == 1
    assert "the server-wide module session_redis does not load" in done.output
    assert not (lacking.data / ".costack-server").exists()
    alone.tree = tree
    whole = alone.bare("xs")
    (whole.data / "filestore").symlink_to(lacking.data / "filestore")
    assert set_up(whole).code == 0
    whole.ask("UPDATE ir_module_module SET state = 'installed', name = 'lost_one' WHERE name = 'sale'")
    done = set_up(whole)
    assert done.code == 1
    assert "the database has modules that the image does not have: lost_one: images.odoo" in done.output
