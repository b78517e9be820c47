"""A tenant with a real Odoo works in another region and comes home, while people write all the time.

Real are Odoo, two PostgreSQL servers of which one follows the other, a session cache in each region, what is
declared for each stage in each cluster, and the AWS CLI, which reaches the loopback cloud's bucket in the
second region. A test does what Kubernetes and AWS do: it stops and starts pods, copies files as EFS does, and
promotes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.odoo.regions import (
    FileReplication,
    Regions,
    at_work,
    aws_cli,
    lost,
    opened,
    pause_around,
    running_regions,
)
from tests.odoo.tree import Tree
from tests.odoo.visitor import Visitor

pytestmark = [
    pytest.mark.odoo,
    pytest.mark.skipif(aws_cli() is None, reason="no AWS CLI: put `aws` on PATH, or name it in AWS_CLI"),
]
_LAG_SECONDS = 10
"""EFS says minutes; what counts is that it is not at once."""


@pytest.fixture(scope="module")
def regions(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    with running_regions(tree, tmp_path_factory.mktemp("regions")) as made:
        yield made


def test_nothing_acknowledged_is_lost_on_the_way_there_and_home(
    regions: Regions, note: Callable[[str], None]
) -> None:
    here, there = regions.here, regions.there
    password = here.administrator_password
    # What is declared takes a program's time, which is no part of what is measured.
    at_home = {stage: here.at(stage) for stage in ("fence", "return", "switch", "home", "confirm")}
    away = {stage: there.at(stage) for stage in ("promote", "start", "save")}
    files = FileReplication(here.data, there.data, _LAG_SECONDS)
    with at_work(password, "Ann", "Bob") as people:
        with here.web():
            people[0].wait_for(12)
            known = Visitor()
            assert known.log_in("admin", password)
        # fence: pods have stopped
        began = time.time()
        assert "the standby has everything" in at_home["fence"].perform("fence-database")
        fenced = time.time()
        files.wait_past(fenced)
        copied = time.time()
        # promote
        there.server.ask("SELECT pg_promote()")
        files.end()
        assert "with everything that was committed" in away["promote"].perform("open-database")
        promoted = time.time()
        refused = here.server.try_to_ask(
            "SELECT 1", database=here.database, user=here.role, password=here.password
        )
        assert "too many connections for database" in refused.stderr
        # start
        started = away["start"]
        with started.web():
            answered = time.time()
            people[0].wait_for(12)
            assert lost(started, people) == (set(), set())
            files_there = opened(started, password)
            session = known.client.get("/web", follow_redirects=False)
            assert "/web/login" in session.headers.get("location", ""), "sessions stay in the first region"
        gone = pause_around(people, began)
        # save: the way home
        left = time.time()
        away["save"].perform("final-backup")
        assert "is closed" in away["save"].perform("fence-database")
        at_home["return"].perform("make-side-database", "fill-side-database")
        returned = time.time()
        at_home["switch"].perform("switch-side-database", "restore-filestore")
        home = at_home["home"]
        home.perform("odoo-setup")
        with home.web():
            came = time.time()
            people[0].wait_for(6)
            assert lost(home, people) == (set(), set())
            files_home = opened(home, password)
        back = pause_around(people, left)
        at_home["confirm"].perform("drop-side-database")
    assert lost(here, people) == (set(), set())
    assert min(files_there, files_home) >= 20
    saved = [each for person in people for each in person.written]
    note(
        f"{len(saved)} contacts with files acknowledged, 0 lost; there: nobody worked for {gone:.0f} s, RTO "
        f"{answered - began:.0f} s (fence {fenced - began:.0f}, files {copied - fenced:.0f}, promote "
        f"{promoted - copied:.0f}, start {answered - promoted:.0f}), RPO 0 s; home: nobody worked for "
        f"{back:.0f} s, {came - left:.0f} s to the first answer ({returned - left:.0f} to the checked copy)"
    )
