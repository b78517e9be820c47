"""A tenant is created while AWS turns calls away, fails and loses answers, or the engine dies: all is mended.

The deaths are a sample of `make torture`, mended by `costack recover` and the same command. There a tenant's
end is interrupted, too: at every call by `tests.torture.kills`, at the largest here. In `make test` a file, a
stack and an account in memory are interrupted at every call of an end (tests/lifecycle/decommission).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from tests.engine.project import STACK, Project, Said
from tests.torture.kills import CLIENT, Phase, Point, ending, held, phases, replace_in
from tests.torture.worlds import worlds

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole(
        "tests/localcloud/aws/test_faults tries again; tests/lifecycle/recover finds what is untracked"
    ),
]

OWN_SERVER: Final = "dedicated-db"
ROUNDS: Final = 8
EVERY: Final = bool(os.environ.get("COSTACK_EVERY_KILL"))
SECOND: Final = re.compile(r"^(?P<ids>[^:]+): same as (?P<urn>\S+), but not in the stack", re.MULTILINE)
# What a person would do with a second one that nobody uses.
DELETE: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "aws:ec2/vpc:Vpc": lambda clients, id_: clients.get("ec2").delete_vpc(VpcId=id_),
    "aws:ec2/subnet:Subnet": lambda clients, id_: clients.get("ec2").delete_subnet(SubnetId=id_),
    "aws:ec2/securityGroup:SecurityGroup": lambda clients, id_: clients.get("ec2").delete_security_group(
        GroupId=id_
    ),
    "aws:kms/key:Key": lambda clients, id_: clients.get("kms").schedule_key_deletion(KeyId=id_),
    "aws:efs/accessPoint:AccessPoint": lambda clients, id_: clients.get("efs").delete_access_point(
        AccessPointId=id_
    ),
}


@pytest.fixture(scope="module")
def creation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phase]:
    """The creation of one tenant, and what it leaves when nothing disturbs it."""
    with worlds(tmp_path_factory.mktemp("faulty") / "project", by_users=True) as made:
        phase = next(phases(made))
        phase.forks = True
        phase.measure()
        yield phase


@pytest.fixture(scope="module")
def end(creation: Phase) -> Phase:
    """The end of a tenant with a server of its own, without what is between."""
    made = creation.worlds
    made.go_back(creation.start)
    file = made.project.folder / "portfolios" / STACK / "tenants" / f"{CLIENT}.yaml"
    replace_in(file, "tier: shared-namespace", f"tier: {OWN_SERVER}")
    phase = next(ending(made))  # deploys it
    phase.forks = True
    phase.measure()
    return phase


def test_what_aws_turns_away_or_fails_at_is_tried_again(creation: Phase) -> None:
    creation.worlds.go_back(creation.start)
    with creation.worlds.faults("throttle=45,error=20,seed=1"):
        creation.act(0)
    assert held(creation.worlds.project) == creation.undisturbed
    creation.worlds.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def test_what_was_made_and_never_answered_is_found(creation: Phase) -> None:
    """Five answers in a hundred get lost: AWS says that a name is taken, or makes a second one."""
    project = creation.worlds.project
    creation.worlds.go_back(creation.start)
    for number in range(ROUNDS):
        if with_lost_answers(creation, f"lost=5,seed={number}"):
            break
        search(project, "--take")
    else:
        pytest.fail(f"still failing after {ROUNDS} rounds")
    for _ in range(ROUNDS):  # another one is found when the first of several alike is gone
        said = search(project).stdout
        if "; 0 resources untracked and unexplained" in said:
            break
        for found in SECOND.finditer(said):
            kind = found["urn"].split("::")[2].rpartition("$")[2]
            for each in found["ids"].split(", "):
                DELETE[kind](project.clients(), each)
    else:
        pytest.fail(f"still some of them after {ROUNDS} rounds:\n{said}")
    assert held(project) == creation.undisturbed
    project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def with_lost_answers(creation: Phase, faults: str) -> bool:
    """Whether `pulumi up` comes to its end."""
    with creation.worlds.faults(faults):
        try:
            creation.act(0)
        except AssertionError:
            return False
    return True


def search(project: Project, *options: str) -> Said:
    """`costack recover --search`."""
    return project.costack("recover", "--stack", STACK, "--search", *options)


def test_a_death_at_its_creation_is_survived(creation: Phase) -> None:
    """The engine dies when the server is made, and nobody wrote down that it was."""
    assert creation.survive(Point(creation.number_of("CreateDBInstance"), after=True)) == ""


@pytest.mark.skipif(not EVERY, reason="make torture; in memory in tests/lifecycle/decommission")
def test_a_death_at_its_end_is_survived(end: Phase) -> None:
    """The engine and the command above it die when the server is gone."""
    assert "snapshot of local-acme-postgresql" in end.undisturbed
    assert end.survive(Point(end.number_of("DeleteDBInstance"), after=True)) == ""
