"""A file dropped alone, of each tier, production and sandbox, protected or not: nothing is deleted."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.engine.holdings import holdings
from tests.engine.project import STACK, Project, running_project
from tests.torture.kills import replace_in

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole("tests/tiers/test_deployed refuses both; test_gone drops files on the real engine"),
]

EVERY: Final = bool(os.environ.get("COSTACK_EVERY_DROP"))
"""Every tier, also where data refuses deletion, by every command; `make torture` sets it."""
TIERS: Final = {
    "shared-namespace": "acme",
    "dedicated-db": "cobalt",
    "ha-postgresql": "halcyon",
    "cross-region-backup": "meridian",
}
SAMPLE: Final = "dedicated-db"
CHOSEN: Final = tuple(TIERS) if EVERY else (SAMPLE,)
PROMISE: Final = re.compile(
    r"tenant '(\S+)' is deployed and has no file in portfolios/local/tenants: nothing was changed\. "
    r"Bring \1\.yaml back"
)
ONLY_IN_PRODUCTION: Final = re.compile(
    r"^ *(data_residency|dr_region|controls|egress_cidrs):.*\n", re.MULTILINE
)
PACK: Final = ("--policy-pack", "policies")
COMMANDS: Final = {
    "up": ("up", "--yes", "--skip-preview"),
    "up that refreshes": ("up", "--yes", "--skip-preview", "--refresh"),
    "targeted up": ("up", "--yes", "--skip-preview", "--target", "**{tenant}**"),
    "up that goes on": ("up", "--yes", "--skip-preview", "--continue-on-error"),
    "up with policies": ("up", "--yes", "--skip-preview", *PACK),
    "preview with policies": ("preview", *PACK),
}
DESTROYS: Final = ("--refresh=false", "--refresh", "--continue-on-error", "--run-program")
SAMPLED: Final = {("production", "up with policies"), ("staging", "up that refreshes")}


@dataclass
class Deployed:
    """A stack with a production tenant and a sandbox of each chosen tier."""

    project: Project
    protected: bool

    @property
    def tenants(self) -> Path:
        """The folder of the tenants' files."""
        return self.project.folder / "portfolios" / STACK / "tenants"

    def there(self) -> tuple[set[str], dict[str, set[str]]]:
        """The resources of the state, and what AWS holds."""
        return {each.urn for each in self.project.registered()}, holdings(self.project.clients())

    def runs(self, command: str, tenant: str) -> str:
        """What a command says that must be refused."""
        words = [word.format(tenant=tenant) for word in COMMANDS[command]]
        return self.project.pulumi(*words, "--stack", STACK, code=1).text


@pytest.fixture(scope="module", params=[False, True] if EVERY else [False], ids=str)
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The stack, as `deletion_protection` says."""
    with running_project(tmp_path_factory.mktemp("dropped") / "project") as project:
        made = Deployed(project, protected=bool(request.param))
        said = {name: (made.tenants / f"{name}.yaml").read_text(encoding="utf-8") for name in TIERS.values()}
        for file in made.tenants.glob("*.yaml"):
            file.unlink()
        for tier in CHOSEN:
            name = TIERS[tier]
            _write(made.tenants, said[name], name, name, "production")
            _write(made.tenants, said[name], name, f"{name}-two", "staging")
        if made.protected:
            platform = made.tenants.parent / "platform.yaml"
            replace_in(platform, "deletion_protection: false", "deletion_protection: true")
        project.up("--suppress-outputs")
        yield made


def missed(said: str) -> set[str]:
    """The tenants that a command misses."""
    return set(PROMISE.findall(said))


def _write(folder: Path, text: str, name: str, called: str, environment: str) -> None:
    changed = text.replace(f"tenant: {name}\n", f"tenant: {called}\n")
    changed = changed.replace(f"hostname: {name}.", f"hostname: {called}.")
    if environment != "production":
        changed = ONLY_IN_PRODUCTION.sub(
            "", changed.replace("environment: production", f"environment: {environment}")
        )
    (folder / f"{called}.yaml").write_text(changed, encoding="utf-8")


@pytest.fixture
def kept(deployed: Deployed) -> Iterator[Deployed]:
    """The stack, whose files a test may change; everything must be there afterwards."""
    before = deployed.there()
    aside = deployed.project.folder / "aside"
    shutil.copytree(deployed.tenants.parent, aside)
    yield deployed
    shutil.rmtree(deployed.tenants.parent)
    aside.rename(deployed.tenants.parent)
    assert deployed.there() == before


@pytest.mark.parametrize("environment", ["production", "staging"])
@pytest.mark.parametrize("tier", CHOSEN)
def test_a_file_dropped_alone_stops_every_command(kept: Deployed, tier: str, environment: str) -> None:
    tenant = TIERS[tier] if environment == "production" else f"{TIERS[tier]}-two"
    (kept.tenants / f"{tenant}.yaml").unlink()
    for command in COMMANDS:
        if EVERY or (environment, command) in SAMPLED:
            said = kept.runs(command, tenant)
            assert missed(said) == {tenant}, command
            assert f"costack decommission {tenant} --stack local" in said, command
            assert "Traceback" not in said, command


def test_another_branch_stops_the_update(kept: Deployed) -> None:
    """The portfolio of that name, with other tenants."""
    files = {file.stem: file.read_text(encoding="utf-8") for file in kept.tenants.glob("*.yaml")}
    for name in files:
        (kept.tenants / f"{name}.yaml").unlink()
    _write(kept.tenants, files[TIERS[SAMPLE]], TIERS[SAMPLE], "zenith", "production")
    said = kept.runs("up", "zenith")
    assert missed(said) == files.keys()


def test_the_portfolio_of_another_stack_stops_the_update(kept: Deployed) -> None:
    other = kept.tenants.parent.with_name("other")
    kept.tenants.parent.rename(other)
    replace_in(other / "platform.yaml", "portfolio: local", "portfolio: other")
    kept.project.configure({"costack:portfolio": "other"})
    try:
        said = kept.runs("up", TIERS[SAMPLE])
    finally:
        kept.project.configure({"costack:portfolio": STACK})
        other.rename(kept.tenants.parent)
    assert "stack 'local' deploys portfolio 'local', and this is 'other': nothing was changed" in said
    assert "Traceback" not in said


@pytest.mark.skipif(not EVERY, reason="make torture")
@pytest.mark.parametrize("number", range(len(DESTROYS) if EVERY else 1))
def test_the_engine_refuses_to_destroy_what_is_protected(kept: Deployed, number: int) -> None:
    """All of it, and some tenants one by one, of which no file is needed."""
    if not kept.protected:
        pytest.skip("this portfolio says that it may end")
    destroy = ("destroy", "--yes", "--skip-preview", "--stack", STACK, DESTROYS[number])
    kept.project.pulumi(*destroy, code=1)
    tenants = [each.urn for each in kept.project.registered() if each.type.endswith(":TenantStack")]
    for urn in sorted(tenants)[number :: len(DESTROYS)]:
        kept.project.pulumi(*destroy, "--target", urn, "--target-dependents", code=1)


@pytest.mark.skipif(not EVERY, reason="make torture")
@pytest.mark.parametrize("environment", ["production", "staging"])
@pytest.mark.parametrize("tier", CHOSEN)
def test_the_engine_alone_keeps_what_is_protected(kept: Deployed, tier: str, environment: str) -> None:
    """Of a program that does not look at what is deployed, as one in another language."""
    if not kept.protected:
        pytest.skip("this portfolio says that it may end")
    tenant = TIERS[tier] if environment == "production" else f"{TIERS[tier]}-two"
    (kept.tenants / f"{tenant}.yaml").unlink()
    with kept.project.edited("components/record.py", "list(refusals(", "list(() and refusals("):
        for command in ("up", "targeted up", "up with policies"):
            said = kept.runs(command, tenant)
            assert "cannot be deleted" in said, command
            assert not PROMISE.search(said), command


@pytest.mark.skipif(not EVERY, reason="make torture")
def test_a_portfolio_that_says_so_ends(deployed: Deployed) -> None:
    """Last of all: a file that was dropped keeps nobody from ending what may end."""
    if deployed.protected:
        pytest.skip("this portfolio refuses its deletion")
    (deployed.tenants / f"{TIERS[SAMPLE]}.yaml").unlink()
    deployed.project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert deployed.project.registered() == []
