"""Measures the plugin's process: from its start to its first component, and what each tenant adds to it.

Prints figures, judges nothing: machines differ. Each round starts the plugin of this tree in a fresh process,
and that of `--baseline` beside it, forwards and backwards in turn. An engine of this process asks for a
platform and for its tenants, four at once, as `pulumi up` of a program in another language does: transforms
are called back over a socket, and the outputs of the platform are the inputs of its tenants.

    port        from the start of the process to the line with its port, on the clock, and its CPU time.
    first       from the start to the first component that is registered.
    constructs  CPU time of the plugin's process for the platform and all tenants.
    tenant      what each of the last half of the tenants adds to the memory and to the open files of the
                process: what is loaded once is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import (
    callback_pb2,
    callback_pb2_grpc,
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2_grpc,
)
from rich.console import Console
from rich.table import Table

from tests.bench.processes import cpu_seconds, memory_mib
from tests.components.monitor import PROJECT, STACK, CloudAnswers, EngineMonitor
from tests.plugin import example

ROOT: Final = Path(__file__).resolve().parents[2]
ABREAST: Final = 4
Measured = dict[str, float]


class OverSockets:
    """The callback server of a plugin, asked over its socket."""

    def __init__(self, target: str) -> None:
        self._stub = callback_pb2_grpc.CallbacksStub(grpc.insecure_channel(target))

    def invoke(self, asked: callback_pb2.CallbackInvokeRequest) -> callback_pb2.CallbackInvokeResponse:
        """What a callback answers."""
        answer: callback_pb2.CallbackInvokeResponse = self._stub.Invoke(asked)
        return answer


class ServedMonitor(EngineMonitor):
    """The engine-like monitor for another process."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.first = threading.Event()
        self._one = threading.Lock()
        self._sockets: dict[str, OverSockets] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the call
        """Register one resource, and say that one came."""
        self.first.set()
        return super().RegisterResource(request)

    def _stub(self, target: str) -> Any:
        with self._one:
            return self._sockets.setdefault(target, OverSockets(target))


class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """Both services that a plugin talks to, of one process."""

    def __init__(self) -> None:
        self.monitor = ServedMonitor(CloudAnswers())
        self.logged: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        """Calls that the monitor knows are the monitor's."""
        if name[0].isupper() and name != "Log":
            call = getattr(self.monitor, name, None)
            if call is not None:
                return lambda request, _context: call(request)
        return super().__getattribute__(name)

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802 - the name of the call
        """Keep what the plugin says."""
        del context
        self.logged.append(request.message)
        return empty_pb2.Empty()


@contextlib.contextmanager
def serving() -> Iterator[tuple[Engine, str]]:
    """An engine and its address."""
    engine = Engine()
    server = grpc.server(ThreadPoolExecutor(16))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield engine, f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None)


@dataclass
class Plugin:
    """A plugin's process, and the way to it."""

    process: subprocess.Popen[bytes]
    stub: provider_pb2_grpc.ResourceProviderStub
    address: str

    def construct(self, resource_type: str, name: str, inputs: Mapping[str, Any]) -> struct_pb2.Struct:
        """Build a component; its outputs."""
        asked = provider_pb2.ConstructRequest(
            project=PROJECT, stack=STACK, parallel=ABREAST, monitorEndpoint=self.address, name=name
        )
        asked.type = f"costack:index:{resource_type}"
        asked.inputs.CopyFrom(message(inputs))
        answer: struct_pb2.Struct = self.stub.Construct(asked).state
        return answer

    def cpu(self) -> float:
        """Seconds of CPU that the process has had."""
        return cpu_seconds(self.process.pid)

    def held(self) -> tuple[float, int]:
        """MiB of memory of its own, that is without pages of files, and open files."""
        own = memory_mib(self.process.pid, "RssAnon")
        assert own is not None, "the plugin has ended"
        return own, len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextlib.contextmanager
def started(tree: Path, address: str) -> Iterator[Plugin]:
    """The plugin of *tree*, as the language host starts it, ready to be asked."""
    command = [sys.executable, "-u", "-m", "plugin", address]
    quiet = {**os.environ, "GRPC_VERBOSITY": "NONE"}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=tree, env=quiet, stdout=subprocess.PIPE, stderr=said)
        try:
            port = process.stdout.readline().strip().decode() if process.stdout else ""
            if not port:
                said.seek(0)
                raise SystemExit(f"the plugin of {tree} did not start: {said.read().decode()[-2000:]}")
            channel = grpc.insecure_channel(f"127.0.0.1:{port}")
            yield Plugin(process, provider_pb2_grpc.ResourceProviderStub(channel), address)
        finally:
            process.kill()
            process.wait()


def measured(tree: Path, tenants: int) -> Measured:
    """What the plugin of *tree* took for a platform and *tenants*."""
    platform, all_tenants = example.platform(), made_up(tenants)
    with serving() as (engine, address):
        begun = time.perf_counter()
        with started(tree, address) as plugin:
            found = {"port": time.perf_counter() - begun, "port_cpu": plugin.cpu()}
            with ThreadPoolExecutor(ABREAST) as asking:
                given = {"platform": platform, "tenants": all_tenants}
                shared = asking.submit(plugin.construct, "SharedPlatform", "platform", given)
                while not engine.monitor.first.wait(0.001) and not shared.done():
                    pass
                found |= {"first": time.perf_counter() - begun, "first_cpu": plugin.cpu()}
                outputs = shared.result().fields
                told = {name: outputs[name] for name in ("contract", "sessionToken")}
                held = []
                for some in (all_tenants[: tenants // 2], all_tenants[tenants // 2 :]):
                    asked = [{**top_camel(each), "platform": platform, **told} for each in some]
                    list(
                        asking.map(lambda each: plugin.construct("TenantStack", each["tenant"], each), asked)
                    )
                    held.append(plugin.held())
            (half, half_files), (memory, files) = held
            later = tenants - tenants // 2
            return found | {
                "constructs": plugin.cpu() - found["first_cpu"],
                "memory": memory,
                "tenant_memory": (memory - half) / later,
                "tenant_files": (files - half_files) / later,
                "resources": len(engine.monitor.declared),
            }


def made_up(tenants: int) -> list[dict[str, Any]]:
    """Tenants like the example's smaller one."""
    (small,) = [each for each in example.tenants() if each["tenant"] == "acme"]
    return [
        {**small, "tenant": f"tenant-{number}", "hostname": f"tenant-{number}.odoo.example.com"}
        for number in range(tenants)
    ]


def top_camel(tenant: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a tenant by the names of a component's inputs."""
    return {("serviceLine" if name == "service_line" else name): each for name, each in tenant.items()}


def message(value: Mapping[str, Any]) -> struct_pb2.Struct:
    """*value* as the engine sends it; what are messages already stay."""
    made = struct_pb2.Struct()
    for name, each in value.items():
        if isinstance(each, struct_pb2.Value):
            made.fields[name].CopyFrom(each)
        elif isinstance(each, Mapping):
            made.fields[name].struct_value.CopyFrom(message(each))
        else:
            made.update({name: each})
    return made


COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "port": ("port", " s"),
    "port_cpu": ("port, CPU", " s"),
    "first": ("first", " s"),
    "first_cpu": ("first, CPU", " s"),
    "constructs": ("constructs, CPU", " s"),
    "memory": ("memory", " MiB"),
    "tenant_memory": ("a tenant, MiB", ""),
    "tenant_files": ("a tenant, files", ""),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the options say, and print it."""
    options = _options().parse_args(arguments)
    trees = {"this tree": ROOT, **({"baseline": options.baseline.resolve()} if options.baseline else {})}
    rounds: dict[str, list[Measured]] = {name: [] for name in trees}
    for number in range(options.rounds):
        for name in trees if number % 2 == 0 else reversed(trees):
            sys.stderr.write(f"round {number + 1} of {options.rounds}: {name}\n")
            rounds[name].append(measured(trees[name], options.tenants))
    Console(width=150).print(_table(rounds, options.tenants))
    return 0


def _table(rounds: Mapping[str, list[Measured]], tenants: int) -> Table:
    resources = {name: int(each[0]["resources"]) for name, each in rounds.items()}
    table = Table(title=f"The plugin with {tenants} tenants; resources: {resources}", title_justify="left")
    table.add_column("")
    for name in rounds:
        table.add_column(f"{name}: median (min to max)", justify="right")
    table.add_column("ratio of medians", justify="right")
    for key, (heading, unit) in COLUMNS.items():
        values = [[each[key] for each in measured] for measured in rounds.values()]
        cells = [
            f"{statistics.median(each):.2f}{unit} ({min(each):.2f} to {max(each):.2f})" for each in values
        ]
        both = [statistics.median(each) for each in values]
        table.add_row(heading, *cells, f"{both[0] / both[1]:.2f}" if len(both) > 1 and both[1] else "")
    return table


def _options() -> argparse.ArgumentParser:
    about, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.constructs",
        description=about,
        epilog=f"{details.strip()}\n\nexample:\n  python -m tests.bench.constructs --baseline ../before",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tenants", metavar="N", type=int, default=100, help="how many (100)")
    parser.add_argument("--rounds", metavar="N", type=int, default=3, help="of each tree (3)")
    parser.add_argument("--baseline", metavar="DIR", type=Path, help="a clone of another version")
    return parser


if __name__ == "__main__":
    sys.exit(main())
