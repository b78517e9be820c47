"""What `make` says before Pulumi can say it worse, and how long its preview is."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.portfolios import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # As a user calls it: these tests may run below another make, whose variables change what is printed.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )


def test_a_stack_without_a_file_is_refused_with_the_lines_to_write() -> None:
    before = sorted((ROOT / "stacks").iterdir())
    done = make("up", "STACK=mine")
    assert done.returncode == 2
    assert "stack 'mine' has no stacks/Pulumi.mine.yaml; write these lines into it" in done.stderr
    for line in (
        "config:",
        "  costack:portfolio: mine",
        "  aws:region: ",
        "  kubernetes:renderYamlToDirectory: ",
    ):
        assert f"\n{line}" in done.stderr
    assert sorted((ROOT / "stacks").iterdir()) == before


@pytest.mark.parametrize("target", ["up", "preview"])
def test_a_stack_with_a_file_goes_on(target: str) -> None:
    done = make("--dry-run", target)
    assert done.returncode == 0
    assert "pulumi stack select --create local" in done.stdout


def test_a_preview_is_short_and_ends_with_the_money() -> None:
    short = make("--dry-run", "preview").stdout
    assert "pulumi preview --suppress-outputs" in short
    assert "costack preview --stack local" in short.splitlines()[-1]
    assert "pulumi preview --diff" in make("--dry-run", "preview", "DIFF=1").stdout
