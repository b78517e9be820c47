"""A resource monitor that does what the engine does and Pulumi's mocks leave out.

It runs transforms in the engine's order through the SDK's own callbacks, builds the engine's URNs,
refuses a URN that is registered twice, and records options, so that a component test sees what the engine
would see. (Pulumi's own mock monitor registers transforms and never runs them: pulumi/pulumi#17090.)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, resource, rpc
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import callback_pb2, resource_pb2, source_pb2

PROJECT = "costack"
STACK = "test"
_STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Declared:
    """A resource as the engine registered it: after all transforms, secrets unwrapped."""

    urn: str
    type: str
    name: str
    custom: bool
    props: Mapping[str, Any]
    parent: str
    protect: bool
    ignore_changes: tuple[str, ...]
    secret_props: frozenset[str]
    retained: bool
    """Whether it stays when its stack goes."""
    dependencies: frozenset[str] = frozenset()
    """What it waits for, and what can only be removed after it."""
    replaced_by: tuple[str, ...] = ()
    """The properties whose change makes a new resource, beyond those that the provider knows."""
    deleted_first: bool = False
    """Whether the old one goes before a new one comes."""
    made_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Property -> the URNs of the resources that its value comes from."""
    create_timeout: str = ""
    provider: str = ""
    """Through which provider, where it is not the stack's own."""
    aliases: tuple[str, ...] = ()
    """Earlier names, by which it is known to stacks that have it already."""

    @property
    def tags(self) -> Mapping[str, str]:
        """The AWS tags of the resource."""
        return self.props.get("tags") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the Kubernetes object."""
        return self.props["metadata"].get("labels") or {}

    @property
    def labels_or_tags(self) -> Mapping[str, str]:
        """Whichever of the two the resource carries."""
        return self.labels if "metadata" in self.props else self.tags


class Callbacks:
    """The SDK's own callback server of an address, asked without its socket.

    Every resource asks it, and the way through the socket takes a quarter of the time of a declaration.
    """

    def __init__(self, target: str) -> None:
        servicers: list[Any] = _CallbackServicer._servicers
        (self._servicer,) = [each for each in servicers if getattr(each, "_target", "") == target]

    def invoke(self, asked: callback_pb2.CallbackInvokeRequest) -> callback_pb2.CallbackInvokeResponse:
        """What a callback answers; called in a thread of the program's, whose loop is at work meanwhile."""
        answering = self._servicer.Invoke(asked, self)
        loop: asyncio.AbstractEventLoop = self._servicer._loop
        answer: callback_pb2.CallbackInvokeResponse
        answer = asyncio.run_coroutine_threadsafe(answering, loop).result()
        return answer

    async def abort(self, code: grpc.StatusCode, details: str) -> None:
        """A callback has failed: the engine would end the program with what it says."""
        raise AssertionError(f"{code.name}: {details}")


@dataclass
class EngineMonitor(mocks.MockMonitor):
    """The engine's side of the conversation with a program."""

    answers: mocks.Mocks
    declared: dict[str, Declared] = field(default_factory=dict)
    _transforms: dict[str, list[Any]] = field(default_factory=dict)
    _parents: dict[str, str] = field(default_factory=dict)
    _stubs: dict[str, Callbacks] = field(default_factory=dict)
    _of_the_stack: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.answers)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the call
        """Register one resource as the engine does."""
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self._urn("", request.type, request.name))
        urn = self._urn(request.parent, request.type, request.name)
        if urn in self.declared:
            raise AssertionError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._parents[urn], self._transforms[urn] = request.parent, list(request.transforms)
        properties, options = self._transformed(request)
        mocks._ensure_event_loop()  # type: ignore[attr-defined, no-untyped-call]
        inputs = rpc.deserialize_properties(properties)
        plain = _unwrapped(inputs)
        self.declared[urn] = Declared(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            props=plain,
            parent=request.parent,
            protect=request.protect,
            ignore_changes=tuple(options.ignore_changes),
            secret_props=frozenset(key for key, value in inputs.items() if _holds_secret(value)),
            retained=request.retainOnDelete,
            dependencies=frozenset(request.dependencies),
            replaced_by=tuple(request.replaceOnChanges),
            deleted_first=request.deleteBeforeReplace,
            made_of={key: frozenset(each.urns) for key, each in request.propertyDependencies.items()},
            create_timeout=request.customTimeouts.create,
            provider=request.provider,
            aliases=tuple(each.spec.name for each in request.aliases),
        )
        asked = mocks.MockResourceArgs(request.type, request.name, plain, custom=request.custom)
        identifier, state = self.answers.new_resource(asked)
        outputs = _answered(state, properties, inputs, plain)
        self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, identifier or "", state)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identifier or "", object=outputs)

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802 - the name of the call
        """Take a transform that every later resource goes through, after those of its parents."""
        self._of_the_stack.append(request)
        return empty_pb2.Empty()

    def close(self) -> None:
        """Forget the program's callback server."""
        self._stubs.clear()

    @staticmethod
    def _urn(parent: str, type_token: str, name: str) -> str:
        around = parent.split("::")[2] if parent else ""
        qualified = type_token if around in ("", _STACK_TYPE) else f"{around}${type_token}"
        return f"urn:pulumi:{STACK}::{PROJECT}::{qualified}::{name}"

    def _transformed(self, request: Any) -> tuple[Any, Any]:
        callbacks, ancestor = list(request.transforms), request.parent
        while ancestor:
            callbacks += self._transforms.get(ancestor, [])
            ancestor = self._parents.get(ancestor, "")
        callbacks += self._of_the_stack
        properties = request.object
        options = resource_pb2.TransformResourceOptions(
            ignore_changes=list(request.ignoreChanges), protect=request.protect
        )
        for callback in callbacks:
            asked = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=properties,
                options=options,
            )
            invoked = callback_pb2.CallbackInvokeRequest(
                token=callback.token, request=asked.SerializeToString()
            )
            answer = resource_pb2.TransformResponse.FromString(
                self._stub(callback.target).invoke(invoked).response
            )
            properties = answer.properties
            options = answer.options if answer.HasField("options") else options
        return properties, options

    def _stub(self, target: str) -> Callbacks:
        if target not in self._stubs:
            self._stubs[target] = Callbacks(target)
        return self._stubs[target]


class CloudAnswers(mocks.Mocks):
    """What a cloud would answer: an id, an ARN, addresses. A component that asks it anything is at fault."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Echo the inputs and add the outputs that components read; of Kubernetes they read inputs only."""
        identifier = f"{args.name}-id"
        if args.typ.startswith("kubernetes:"):
            return identifier, dict(args.inputs)
        outputs = {
            "arn": f"arn:aws:test:us-east-1:123456789012:{args.name}",
            "name": args.name,
            "bucket": f"{args.name}-1a2b3c4",
            "address": f"{args.name}.test",
            "primaryEndpointAddress": f"{args.name}.test",
            "keyId": f"{args.name}-key-id",
            "hex": "0a1b2c3d",
            "latestVersion": 1,
            "resources": [{"autoscalingGroups": [{"name": f"eks-{args.name}"}]}],
            "result": f"password-of-{args.name}",
            "masterUserSecrets": [{"secretArn": f"arn:aws:secretsmanager:us-east-1:1:secret:{args.name}"}],
        }
        if args.typ == "aws:secretsmanager/secretVersion:SecretVersion":
            outputs["secretArn"] = f"arn:aws:secretsmanager:us-east-1:1:secret:{args.name}"
        completed = dict(args.inputs)
        if args.typ == "aws:eks/cluster:Cluster":
            completed["vpcConfig"] = {
                **completed["vpcConfig"],
                "clusterSecurityGroupId": f"{args.name}-group",
            }
        if args.typ == "pulumi:index:Stash":
            return identifier, {**args.inputs, "output": args.inputs["input"]}
        if args.typ == "aws:efs/replicationConfiguration:ReplicationConfiguration":
            completed["destination"] = {**completed["destination"], "fileSystemId": f"{args.name}-made"}
        return identifier, {**outputs, **completed}

    def call(self, args: mocks.MockCallArgs) -> Any:
        """What the engine says of a new stack; a component that asks the cloud is at fault.

        What a component declares must not depend on what it looks up.
        """
        if args.token == "pulumi:pulumi:readStackResourceOutputs":
            return {"name": args.args["stackName"], "outputs": {}}
        raise AssertionError(f"a component asked the cloud: {args.token}")


def declare(
    program: Callable[[], Any], *, preview: bool = False, answers: mocks.Mocks | None = None
) -> list[Declared]:
    """Run *program* against the engine-like monitor; what it declared, in order of registration."""
    # Whatever ran before in this process may have left it without a loop, as `asyncio.run` does.
    mocks._ensure_event_loop()  # type: ignore[attr-defined, no-untyped-call]
    monitor = EngineMonitor(answers or CloudAnswers())
    quiet = logging.getLogger("costack.tests")
    mocks.set_mocks(
        monitor.answers, project=PROJECT, stack=STACK, preview=preview, logger=quiet, monitor=monitor
    )
    try:
        # With each resource the SDK sends where it was made, from all frames on the stack. Nothing here reads
        # that, and below pytest's own frames it takes a quarter of the time.
        with mock.patch.object(resource, "_get_stack_trace", source_pb2.StackTrace):
            pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    finally:
        monitor.close()
    return list(monitor.declared.values())


def _answered(
    state: Mapping[str, Any], properties: Any, inputs: Mapping[str, Any], plain: Mapping[str, Any]
) -> Any:
    """The message of a resource's outputs; what is an input as it came is copied.

    Most outputs are, and to serialize them again takes a tenth of the time of a declaration.
    """
    echoed = {
        key
        for key, value in state.items()
        if key in plain and value is plain[key] and not _holds_secret(inputs[key])
    }
    others = {key: value for key, value in state.items() if key not in echoed}
    message = mocks._sync_await(rpc.serialize_properties(others, {}))  # type: ignore[attr-defined]
    for key in echoed:
        message.fields[key].CopyFrom(properties.fields[key])
    return message


def _unwrapped(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return _unwrapped(rpc.unwrap_rpc_secret(value))
    if isinstance(value, Mapping):
        return {key: _unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _holds_secret(value: Any) -> bool:
    if rpc.is_rpc_secret(value):
        return True
    if isinstance(value, Mapping):
        return any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)
