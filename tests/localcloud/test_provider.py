"""The provider frame, with a resource type that lives in a dictionary, in process and as a plugin."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from localcloud.auto_names import auto_name
from localcloud.plugin import sdk_version
from localcloud.properties import UNKNOWN, plain, secret_paths, wrap_map
from localcloud.provider import (
    INPUTS,
    Checked,
    Failure,
    ProviderError,
    ResourceType,
    State,
    Subject,
    TableProvider,
)

ROOT = Path(__file__).resolve().parents[2]
URN = "urn:pulumi:s::p::costack:index:Tenant$toy:index:Box::box"


class Box(ResourceType):
    """A resource kept in a dictionary, with one computed and one secret output."""

    replace_on = ("color",)
    computed = ("address",)
    secret_outputs = ("key",)

    def __init__(self) -> None:
        self.boxes: dict[str, dict[str, Any]] = {}

    def check(self, _subject: Subject, news: dict[str, Any], _olds: dict[str, Any]) -> Checked:
        """Refuse size 0."""
        failures = [Failure("size", "must be positive")] if news.get("size") == 0 else []
        return Checked({"size": 1, **news}, failures)

    def delete_first(self, _subject: Subject, _olds: dict[str, Any], _news: dict[str, Any]) -> bool:
        """A box cannot stand beside its successor."""
        return True

    def create(self, subject: Subject, inputs: dict[str, Any]) -> State:
        """Fail as asked or unexpectedly, else keep it."""
        if inputs["size"] == 13:
            raise ProviderError("Box box: 13 is taken.")
        if inputs["size"] == 14:
            raise ZeroDivisionError("oops")
        self.boxes[subject.name] = inputs
        return State("id-1", {**inputs, "address": "10.0.0.1", "key": "k"})

    def update(
        self, subject: Subject, inputs: dict[str, Any], _olds: dict[str, Any], outputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Keep the new inputs."""
        self.boxes[subject.name] = inputs
        return {**outputs, **inputs}

    def read(self, subject: Subject, _inputs: dict[str, Any], _outputs: dict[str, Any]) -> State | None:
        """What is kept."""
        box = self.boxes.get("box")
        return None if box is None else State(subject.id, {**box, "address": "10.0.0.1", "key": "k"}, box)

    def delete(self, _subject: Subject, _inputs: dict[str, Any], _outputs: dict[str, Any]) -> None:
        """Keep nothing."""
        self.boxes.clear()


@pytest.fixture
def provider() -> TableProvider:
    return TableProvider({"toy:index:Box": Box()})


def wire(*secrets: tuple[str, ...], **values: Any) -> dict[str, PropertyValue]:
    return wrap_map(values, secrets)


def created(provider: TableProvider, inputs: dict[str, PropertyValue]) -> sdk.CreateResponse:
    return asyncio.run(provider.create(sdk.CreateRequest(URN, inputs, 0.0, False)))


def diffed(
    provider: TableProvider, state: Any, news: Any, ignore: list[str] | None = None
) -> sdk.DiffResponse:
    return asyncio.run(provider.diff(sdk.DiffRequest(URN, "id-1", state, news, ignore or [])))


def test_check_fills_in_defaults_and_reports_failures_per_property(provider: TableProvider) -> None:
    good = asyncio.run(provider.check(sdk.CheckRequest(URN, {}, wire(color="red"), b"")))
    assert good.inputs is not None
    assert plain(good.inputs) == {"size": 1, "color": "red"}
    bad = asyncio.run(provider.check(sdk.CheckRequest(URN, {}, wire(size=0), b"")))
    assert [(failure.property, failure.reason) for failure in bad.failures or []] == [
        ("size", "must be positive")
    ]


def test_what_came_in_secret_is_secret_in_state_and_in_the_kept_inputs(provider: TableProvider) -> None:
    properties = created(provider, wire(("color",), size=1, color="red")).properties
    assert properties is not None
    assert secret_paths(properties) == {("color",), ("key",), (INPUTS, "color")}


def test_outputs_of_the_cloud_are_no_difference(provider: TableProvider) -> None:
    inputs = wire(size=1)
    assert diffed(provider, created(provider, inputs).properties, inputs).changes is False


def test_a_difference_names_its_path_and_what_it_means(provider: TableProvider) -> None:
    state = created(provider, wire(size=1, color="red")).properties
    answer = diffed(provider, state, wire(size=2, color="blue"))
    assert {path: diff.kind.name for path, diff in answer.detailed_diff.items()} == {
        "color": "UPDATE_REPLACE",
        "size": "UPDATE",
    }
    assert (answer.replaces, answer.delete_before_replace) == (["color"], True)
    assert diffed(provider, state, wire(size=2, color="blue"), ["color", "size"]).changes is False


def test_previewing_a_create_leaves_computed_outputs_unknown_and_creates_nothing(
    provider: TableProvider,
) -> None:
    request = sdk.CreateRequest(URN, wire(size=UNKNOWN), 0.0, True)
    answer = asyncio.run(provider.create(request))
    assert answer.properties is not None
    assert plain(answer.properties) == {"size": UNKNOWN, "address": UNKNOWN, INPUTS: {"size": UNKNOWN}}
    assert asyncio.run(provider.read(sdk.ReadRequest(URN, "id-1", {}, {}))).resource_id == ""


def test_previewing_an_update_keeps_known_outputs(provider: TableProvider) -> None:
    olds = created(provider, wire(size=1)).properties or {}
    request = sdk.UpdateRequest(URN, "id-1", olds, wire(size=2), 0.0, [], True)
    outputs = plain(asyncio.run(provider.update(request)).properties or {})
    assert (outputs["address"], outputs["size"]) == ("10.0.0.1", 2)
    assert plain(asyncio.run(provider.read(sdk.ReadRequest(URN, "id-1", {}, {}))).inputs or {})["size"] == 1


def test_refresh_answers_with_the_inputs_it_saw_and_keeps_secrets(provider: TableProvider) -> None:
    inputs = wire(("color",), size=1, color="red")
    state = created(provider, inputs).properties or {}
    box = provider.types["toy:index:Box"]
    assert isinstance(box, Box)
    box.boxes["box"]["size"] = 9
    seen = asyncio.run(provider.read(sdk.ReadRequest(URN, "id-1", state, inputs)))
    assert plain(seen.inputs or {}) == {"size": 9, "color": "red"}
    assert ("color",) in secret_paths(seen.inputs or {})
    assert diffed(provider, seen.properties, inputs).diffs == ["size"]


def test_an_import_is_compared_only_where_the_program_says_something(provider: TableProvider) -> None:
    created(provider, wire(size=4, color="red"))
    imported = asyncio.run(provider.read(sdk.ReadRequest(URN, "id-1", {}, {})))
    assert imported.properties is not None
    assert INPUTS not in imported.properties
    assert diffed(provider, imported.properties, wire(size=4)).changes is False
    assert diffed(provider, imported.properties, wire(size=5)).diffs == ["size"]


def test_an_unknown_type_is_refused_with_what_is_known(provider: TableProvider) -> None:
    request = sdk.CreateRequest("urn:pulumi:s::p::toy:index:Bag::bag", {}, 0.0, False)
    with pytest.raises(
        ProviderError, match=r"does not know the resource type toy:index:Bag; it knows toy:index:Box"
    ):
        asyncio.run(provider.create(request))


def test_a_name_follows_the_engines_seed() -> None:
    first, again = Subject(URN, seed=b"1"), Subject(URN, seed=b"1")
    assert auto_name(first) == auto_name(again) != auto_name(Subject(URN, seed=b"2"))
    assert auto_name(Subject(URN)) != auto_name(Subject(URN))
    assert len(auto_name(first, digits=8)) == len("box-") + 8


SERVED = """
import sys; sys.path[:0] = {path!r}
from localcloud.plugin import serve
from localcloud.provider import TableProvider
from tests.localcloud.test_provider import Box
serve(TableProvider({{"toy:index:Box": Box()}}), "1.2.3")
"""


@pytest.fixture
def served() -> Any:
    """The toy provider as a plugin process: (process, stub)."""
    program = SERVED.format(path=[str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-c", program, "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield process, provider_pb2_grpc.ResourceProviderStub(channel)
        process.kill()


def message(stub: Any, **values: Any) -> str:
    request = provider_pb2.CreateRequest(urn=URN, properties=PropertyValue.marshal_map(wrap_map(values)))
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(request)
    return str(caught.value.details())


def test_over_the_wire_an_error_is_one_clean_sentence(served: Any) -> None:
    _, stub = served
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    assert message(stub, size=13) == "Box box: 13 is taken."
    unexpected = message(stub, size=14)
    assert unexpected.startswith("the local provider failed in test_provider.py:")
    assert "ZeroDivisionError: oops" in unexpected
    assert "Traceback" not in unexpected
    assert "\n" not in unexpected


def test_over_the_wire_secrets_arrive_and_return_wrapped(served: Any) -> None:
    _, stub = served
    assert stub.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
    inputs = PropertyValue.marshal_map(wrap_map({"size": 1, "color": "red"}, {("color",)}))
    answer = stub.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs))
    assert ("color",) in secret_paths(PropertyValue.unmarshal_map(answer.properties))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_plugin_ends_without_a_word_when_asked(served: Any, how: signal.Signals) -> None:
    process, _ = served
    process.send_signal(how)
    assert process.wait(20) == 0
    assert process.stderr.read() == b""


def test_a_plugin_leaves_when_its_engine_is_gone() -> None:
    program = SERVED.format(path=[str(ROOT)])
    starter = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', sys.argv[1], 'x']); "
        "print(p.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as engine:
        assert engine.stdout is not None
        lines = sorted([engine.stdout.readline(), engine.stdout.readline()], key=int)
        numbers = [int(line) for line in lines]
        engine.kill()
        rest = threading.Thread(target=engine.stdout.read, daemon=True)  # ends when nobody can write any more
        rest.start()
        rest.join(30)
        assert not rest.is_alive(), f"one of {numbers} still holds the pipe"


def test_the_version_is_that_of_the_installed_sdk() -> None:
    assert sdk_version("pulumi-kubernetes").split(".")[0] == "4"
    assert os.access(ROOT / "localcloud" / "bin" / "pulumi-resource-kubernetes", os.X_OK)
