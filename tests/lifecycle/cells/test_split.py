"""A split that is interrupted anywhere goes on, and no update on the way could make or delete anything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.cells.split import Held, Step, held_in, join_steps, split_steps
from tests.sampling import examples
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.portfolio.cells.section import PLATFORM_STACK, own_stack, pulumi_name

NAMES = ("a1", "b1", "c1", "d1")
STACKS = st.fixed_dictionaries(
    {name: st.sampled_from(["cell-1", "cell-2", own_stack(name)]) for name in NAMES}
)


class Backend:
    """Pulumi's stacks, as far as moving resources between them goes."""

    def __init__(self, base: str) -> None:
        tenants = {name: f"urn:pulumi:{base}::p::{TENANT_STACK}::{name}" for name in NAMES}
        self.stacks = {base: Held(tenants, has_platform=True)}

    def run(self, step: Step) -> None:
        match step.arguments:
            case ("stack", "rename", after, "--stack", before):
                self.stacks[after] = self._renamed(self.stacks.pop(before), after)
            case ("stack", "init", name, "--copy-config-from", other, "--no-select"):
                assert name not in self.stacks
                self.stacks[name] = Held({}, stack=self.stacks[other].stack)
            case ("config", "set", "costack:stack", stack, "--stack", name):
                self.stacks[name] = self.stacks[name]._replace(stack=stack)
            case ("config", "rm", "costack:stack", "--stack", name):
                self.stacks[name] = self.stacks[name]._replace(stack=None)
            case ("state", "move", "--yes", "--source", source, "--dest", target, *urns):
                self._move(source, target, urns)
            case other:
                raise AssertionError(other)

    def _move(self, source: str, target: str, urns: list[str]) -> None:
        tenants = dict(self.stacks[source].tenants)
        moved = {name: urn for name, urn in tenants.items() if urn in urns}
        assert len(moved) == len(urns) > 0
        for name in moved:
            del tenants[name]
        self.stacks[source] = self.stacks[source]._replace(tenants=tenants)
        there = self._renamed(Held(moved), target).tenants
        self.stacks[target] = self.stacks[target]._replace(tenants={**self.stacks[target].tenants, **there})

    @staticmethod
    def _renamed(held: Held, name: str) -> Held:
        return held._replace(
            tenants={
                each: f"urn:pulumi:{name}::{urn.split('::', 1)[1]}" for each, urn in held.tenants.items()
            }
        )

    def check(self, wanted: dict[str, str]) -> None:
        """Everybody is in one stack, and whichever may be updated has exactly whom it would declare."""
        holders = [name for held in self.stacks.values() for name in held.tenants]
        assert sorted(holders) == sorted(NAMES)
        for name, held in self.stacks.items():
            if name == "live" and held.stack is None:
                assert set(held.tenants) == set(NAMES)
            elif held.stack is not None and held.stack != PLATFORM_STACK and name.endswith(f"-{held.stack}"):
                mine = {tenant for tenant, stack in wanted.items() if stack == held.stack}
                assert set(held.tenants) == mine, name


def carry_out(backend: Backend, steps: tuple[Step, ...], wanted: dict[str, str], most: int) -> None:
    for step in steps[:most]:
        backend.run(step)
        backend.check(wanted)


@examples(40, of=400)
@given(STACKS, st.lists(st.integers(0, 6), max_size=4))
def test_a_split_goes_on_wherever_it_was_interrupted(wanted: dict[str, str], stops: list[int]) -> None:
    backend = Backend("live")
    for most in [*stops, 99]:
        carry_out(backend, split_steps("live", backend.stacks, wanted), wanted, most)
    assert split_steps("live", backend.stacks, wanted) == ()
    for tenant, stack in wanted.items():
        assert tenant in backend.stacks[pulumi_name("live", stack)].tenants
    assert {name: held.stack for name, held in backend.stacks.items()} == {
        pulumi_name("live", stack): stack for stack in {PLATFORM_STACK, *wanted.values()}
    }


@examples(40, of=400)
@given(STACKS, st.integers(0, 12), st.lists(st.integers(0, 6), max_size=3))
def test_the_way_back_is_open_from_anywhere(wanted: dict[str, str], done: int, stops: list[int]) -> None:
    backend = Backend("live")
    carry_out(backend, split_steps("live", backend.stacks, wanted), wanted, done)
    for most in [*stops, 99]:
        carry_out(backend, join_steps("live", backend.stacks), wanted, most)
    assert join_steps("live", backend.stacks) == ()
    assert set(backend.stacks["live"].tenants) == set(NAMES)
    assert (backend.stacks["live"].stack, backend.stacks["live"].has_platform) == (None, True)


@examples(20, of=200)
@given(STACKS, STACKS)
def test_a_tenant_moves_between_cells(before: dict[str, str], after: dict[str, str]) -> None:
    backend = Backend("live")
    carry_out(backend, split_steps("live", backend.stacks, before), before, 99)
    for step in split_steps("live", backend.stacks, after):
        backend.run(step)
    assert split_steps("live", backend.stacks, after) == ()
    for tenant, stack in after.items():
        assert tenant in backend.stacks[pulumi_name("live", stack)].tenants


def test_a_new_portfolio_begins_with_its_platforms_stack() -> None:
    steps = split_steps("live", {"live-platform": Held({})}, {"a1": "cell-1"})
    assert [step.command for step in steps] == [
        "pulumi config set costack:stack platform --stack live-platform",
        "pulumi stack init live-cell-1 --copy-config-from live-platform --no-select",
        "pulumi config set costack:stack cell-1 --stack live-cell-1",
    ]


def test_what_a_stack_holds_is_read_from_its_urns() -> None:
    platform, tenant = (
        f"urn:pulumi:live::p::{SHARED_PLATFORM}::live",
        f"urn:pulumi:live::p::{TENANT_STACK}::a1",
    )
    inside = f"urn:pulumi:live::p::{TENANT_STACK}$aws:s3/bucket:Bucket::{TENANT_STACK}"
    assert held_in([platform, tenant, inside], None) == Held({"a1": tenant}, has_platform=True)


def test_a_command_can_be_typed() -> None:
    step = Step(("state", "move", "urn:a$b::c"), "")
    assert step.command == "pulumi state move 'urn:a$b::c'"
