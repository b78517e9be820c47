"""One run of the component bench in a process of its own: declares resources, prints what that cost as JSON.

`tests/bench/components.py` starts it: python -m tests.bench.declaring components 20
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pulumi
from pulumi._types import resource_pulumi_to_py_names

from components.callbacks import Callbacks
from components.process import prepare
from tests.bench.thousand_tenants import peak_mb
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared, EngineMonitor, declare
from tests.portfolios import plan_of, tenant
from tiers.plan.plan import Plan
from tiers.tags import CostTags


class Recorded(NamedTuple):
    """A custom resource as the components declared it, ready to be declared again without them.

    `kind` is the SDK's class as `module:name`. `waits` says which resources a property is made of, `after`
    which further ones must exist before; both by URN.
    """

    urn: str
    kind: str
    name: str
    props: dict[str, Any]
    secret: list[str]
    waits: dict[str, list[str]]
    after: list[str]
    options: dict[str, Any]

    @property
    def outcome(self) -> tuple[Any, ...]:
        """What must be the same when it is declared again; a URN differs by the components in it."""
        type_token = self.urn.split("::")[2].rpartition("$")[2]
        waits = {key: sorted(map(_short, urns)) for key, urns in self.waits.items()}
        after = sorted(map(_short, self.after))
        return type_token, self.name, self.props, sorted(self.secret), waits, after, self.options


def shared_tenants(size: int) -> Plan:
    """The plan of *size* production tenants that share everything, on the committed platform."""
    return plan_of(*(tenant(f"tenant-{number:04}") for number in range(size)))


def main() -> None:
    """Do what the command line says."""
    what, size, *files = sys.argv[1:]
    plan = shared_tenants(int(size))
    if what == "record":
        recorded = record(lambda: declare_plan(plan))
        Path(files[0]).write_text(json.dumps(recorded), encoding="utf-8")
    elif what == "grow":
        sys.stdout.write(json.dumps(_grown(plan)))
    else:
        declare_plan(shared_tenants(1))  # loads the SDK's modules and fills its caches, for every variant
        sys.stdout.write(json.dumps(_VARIANTS[what](plan, *map(Path, files))))


def record(run: Callable[[], list[Declared]]) -> list[Recorded]:
    """The custom resources that *run* declares, in an order in which each comes after what it waits for."""
    kinds, requests, register = {}, {}, EngineMonitor.RegisterResource
    construct = pulumi.CustomResource.__init__

    def constructed(self: pulumi.CustomResource, t: str, *args: Any, **kwargs: Any) -> None:
        kinds[t] = f"{type(self).__module__}:{type(self).__qualname__}"
        construct(self, t, *args, **kwargs)

    def registered(self: EngineMonitor, request: Any) -> Any:
        answer = register(self, request)
        requests[answer.urn] = request
        return answer

    with (
        patch.object(pulumi.CustomResource, "__init__", constructed),
        patch.object(EngineMonitor, "RegisterResource", registered),
    ):
        declared = run()
    return [_recorded(each, kinds[each.type], requests[each.urn]) for each in declared if each.custom]


def _recorded(declared: Declared, kind: str, request: Any) -> Recorded:
    waits = {key: sorted(found.urns) for key, found in request.propertyDependencies.items() if found.urns}
    inputs = {urn for urns in waits.values() for urn in urns}
    options = {
        "protect": declared.protect,
        "retain_on_delete": declared.retained,
        "ignore_changes": list(declared.ignore_changes),
    }
    return Recorded(
        urn=declared.urn,
        kind=kind,
        name=declared.name,
        props=dict(declared.props),
        secret=sorted(declared.secret_props),
        waits=waits,
        after=sorted(set(request.dependencies) - inputs),
        options=options,
    )


def _short(urn: str) -> str:
    _, _, types, name = urn.split("::")
    return f"{types.rpartition('$')[2]}::{name}"


def _replayed(recorded: list[Recorded]) -> Callable[[], None]:
    """A program that declares *recorded* through the SDK's classes; its look-ups are done beforehand."""
    steps = []
    for each in recorded:
        module, _, name = each.kind.partition(":")
        kind = getattr(importlib.import_module(module), name)
        steps.append((each, kind, resource_pulumi_to_py_names(kind)))

    def program() -> None:
        made: dict[str, pulumi.CustomResource] = {}
        for each, kind, spelled in steps:
            arguments = {spelled.get(key, key): _value(each, key, made) for key in each.props}
            depends_on = [made[urn] for urn in each.after]
            opts = pulumi.ResourceOptions(depends_on=depends_on, **each.options)
            made[each.urn] = kind(each.name, opts=opts, **arguments)

    return program


def _value(each: Recorded, key: str, made: dict[str, pulumi.CustomResource]) -> Any:
    """A property as it was, behind one Output when it is made of other resources or secret."""
    value = each.props[key]
    if key in each.waits:
        waited = pulumi.Output.all(*(made[urn].id for urn in each.waits[key]))
        value = waited.apply(partial(_held, value))
    return pulumi.Output.secret(value) if key in each.secret else value


def _held(value: Any, _: Any) -> Any:
    return value


def _components(plan: Plan) -> dict[str, Any]:
    return _cost(lambda: declare_plan(plan, first=Callbacks().share))


def _untagged(plan: Plan) -> dict[str, Any]:
    """The components, with the tagging transform taken out of this process."""

    def passed_on(tags: CostTags, opts: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:  # noqa: ARG001
        return pulumi.ResourceOptions.merge(opts, None)

    with ExitStack() as patches:
        for name, module in list(sys.modules.items()):
            if name.startswith("components.") and hasattr(module, "cost_tagged"):
                patches.enter_context(patch.object(module, "cost_tagged", passed_on))
        return _cost(lambda: declare_plan(plan, first=Callbacks().share))


def _raw(plan: Plan, recording: Path) -> dict[str, Any]:  # noqa: ARG001 - the recording is of the plan
    recorded = [Recorded(*each) for each in json.loads(recording.read_text(encoding="utf-8"))]
    program = _replayed(recorded)
    cost = _cost(lambda: declare(program))
    again = {each.outcome[:2]: each.outcome for each in record(lambda: declare(program))}
    differing = [_short(each.urn) for each in recorded if again.pop(each.outcome[:2], None) != each.outcome]
    return cost | {"differing": [*differing, *("::".join(key) for key in again)]}


def _grown(plan: Plan) -> dict[str, Any]:
    """What this whole process takes, the start of Python and the SDK's modules included."""
    return _cost(lambda: declare_plan(plan, first=prepare)) | {"cpu": time.process_time()}


def _cost(run: Callable[[], list[Declared]]) -> dict[str, Any]:
    gc.collect()
    with _monitor_watched() as watched, _collector_timed() as collected:
        begun, processed = time.perf_counter(), time.process_time()
        declared = run()
        cpu, wall = time.process_time() - processed, time.perf_counter() - begun
    return {
        "cpu": cpu,
        "wall": wall,
        "monitor": sum(watched.seconds),
        "collector": sum(collected),
        "servers": sum(watched.servers),
        "peak_mb": peak_mb(),
        "resources": len(declared),
        "custom": sum(each.custom for each in declared),
    }


class _Watched(NamedTuple):
    """The monitor's side: CPU seconds of each registration, and how many callback servers it had to dial."""

    seconds: list[float]
    servers: list[int]


@contextmanager
def _monitor_watched() -> Iterator[_Watched]:
    watched = _Watched([], [])
    register, close = EngineMonitor.RegisterResource, EngineMonitor.close

    def registered(self: EngineMonitor, request: Any) -> Any:
        begun = time.thread_time()
        try:
            return register(self, request)
        finally:
            watched.seconds.append(time.thread_time() - begun)

    def closed(self: EngineMonitor) -> None:
        watched.servers.append(len(self._stubs))
        close(self)

    with (
        patch.object(EngineMonitor, "RegisterResource", registered),
        patch.object(EngineMonitor, "close", closed),
    ):
        yield watched


@contextmanager
def _collector_timed() -> Iterator[list[float]]:
    """The CPU seconds of each run of the garbage collector, on whichever thread it happened to start."""
    taken: list[float] = []

    def called(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            taken.append(-time.thread_time())
        else:
            taken[-1] += time.thread_time()

    gc.callbacks.append(called)
    try:
        yield taken
    finally:
        gc.callbacks.remove(called)


_VARIANTS: dict[str, Callable[..., dict[str, Any]]] = {
    "raw": _raw,
    "components": _components,
    "untagged": _untagged,
}

if __name__ == "__main__":
    main()
