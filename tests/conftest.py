"""What every test may rely on, however the run was started."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from functools import cache

import pytest
import typer.testing
from hypothesis import HealthCheck, settings

from tests import clouds, made_once, sampling
from tests.browser import Browser, running_browser
from tests.engine import warm
from tests.kubernetes import either_cluster
from tests.localcloud.cluster import Cluster
from tests.localcloud.operator import install

# A run started in the background ignores Ctrl-C, and so would every process that a test starts and
# interrupts: children inherit an ignored signal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How much is tried is a number of examples, never a time: a busy machine must not fail a test.
settings.register_profile("costack", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("costack")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium that all tests of a worker open their pages in."""
    with running_browser() as started:
        yield started


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real API server that has what the committed portfolio says of it, for one file.

    To start one takes less time than one that waits for the next file takes for itself.
    """
    with either_cluster(tmp_path_factory.mktemp("cluster")) as running:
        install(running)
        yield running


def pytest_configure(config: pytest.Config) -> None:
    """Start once what the workers of a run fork clouds and interpreters from; it ends with the run."""
    if getattr(config.option, "numprocesses", None):  # of the process that starts the workers
        clouds.share()
        warm.share()
        made_once.share()


# Every call of a command in a test would make all commands anew, which takes longer than most of them.
typer.testing._get_command = cache(typer.testing._get_command)  # type: ignore[attr-defined]


# Importing and collecting leaves next to nothing to be thrown away.
gc.disable()


def pytest_collection_finish() -> None:
    """What was imported stays: no collection of garbage needs to walk through it, at a third of the time."""
    gc.collect()
    gc.enable()
    gc.freeze()
    # A declaration leaves 80 MB at most; with a threshold of 50,000 it takes a sixth more of the processor.
    gc.set_threshold(1_000_000, 10, 10)


LONGEST = (
    "official/test_official_provider.py",
    "engine/test_data_services.py",
    "engine/test_reaper.py",
    "engine/test_life.py",
    "engine/test_faulty.py",
    "lifecycle/test_rotation.py",
    "lifecycle/test_database_move.py",
    "engine/test_unfinished.py",
    "lifecycle/test_round_trip.py",
    "engine/test_applied.py",
    "examples/test_ci.py",
    "engine/test_rotating.py",
    "engine/test_rendered.py",
    "cli/test_a_thousand_tenants.py",
    "components/test_secrets_reach_pods.py",
    "lifecycle/test_odoo_setup.py",
    "engine/test_history.py",
    "lifecycle/test_killed_jobs.py",
    "engine/test_priced.py",
    "components/test_every_combination.py",
    "components/test_services_apart.py",
    "engine/test_gone.py",
    "engine/test_created.py",
    "engine/test_secret_store.py",
    "engine/test_drift.py",
    "engine/test_adopted.py",
    "toolchain/test_wheel.py",
    "lifecycle/test_shared_server.py",
    "torture/test_input_fuzz.py",
    "official/test_official_rendered.py",
)
"""Files that take longest, waits included, the longest first."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `make whole` runs, unless a test is named; what takes minutes begins first.

    So no worker waits for another's last file in the end.
    """
    if not sampling.is_named(config.args, config.option.keyword):
        left_out = sampling.left_out(items)
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=_place)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say where the rest is: a file of which nothing runs looks like a mistake."""
    named = sampling.is_named(config.args, config.option.keyword)
    return [] if named else sampling.how_to_run_the_rest()


def _place(item: pytest.Item) -> int:
    file = f"{item.path.parent.name}/{item.path.name}"
    if file in LONGEST:
        return LONGEST.index(file)
    marked = any(item.get_closest_marker(name) for name in ("engine", "browser", "postgres"))
    return len(LONGEST) + (not marked)
