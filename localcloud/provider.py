"""A resource provider whose types work on plain Python: it keeps inputs in state and secrets secret."""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pulumi.provider.experimental import provider as sdk

from localcloud.difference import difference
from localcloud.properties import UNKNOWN, Path, plain, secret_paths, wrap_map

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pulumi.provider.experimental.property_value import PropertyValue

    Wire = Mapping[str, PropertyValue]

INPUTS: Final = "__inputs"
"""State key of the checked inputs, spelled as the official Kubernetes provider spells it."""


class ProviderError(Exception):
    """A failure that the user sees as this one sentence, without a traceback."""


class Failure(NamedTuple):
    """An input that Check refuses; `path` is a property path such as `spec.replicas`."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource an engine call is about."""

    urn: str
    id: str = ""
    """The provider's id; empty until the resource exists."""
    timeout: float = 0.0
    """Seconds from the resource's `customTimeouts`; 0 means the provider's own default."""
    secrets: frozenset[Path] = frozenset()
    """Which inputs are secret; set for create and update."""
    seed: bytes = b""
    """Randomness from the engine; fixed by an update plan, so that planned and made names agree."""
    ignored: tuple[str, ...] = ()
    """Property paths that the program leaves to others (ignoreChanges); set for update."""

    @property
    def token(self) -> str:
        """The type token, for example `kubernetes:core/v1:Secret`, without parent types."""
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """The logical name the program gave."""
        return self.urn.split("::", 3)[3]


@dataclass(frozen=True, slots=True)
class Checked:
    """Normalised inputs with defaults and names filled in, or the reasons to refuse them."""

    inputs: dict[str, Any]
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class State:
    """A resource as it is after a call: its id, its outputs and the inputs that would produce it."""

    id: str
    outputs: dict[str, Any]
    inputs: dict[str, Any] | None = None
    """Set by `read` only: inputs corrected for drift, or reconstructed for an import."""


class ResourceType(ABC):
    """How one kind of resource lives; methods may block, they run in threads and in parallel."""

    replace_on: Collection[str] = ()
    """Property paths below which a change replaces; `*` stands for any one step."""
    computed: Collection[str] = ()
    """Outputs unknown until the resource exists."""
    secret_outputs: Collection[str] = ()
    """Top-level outputs that are secret whatever the inputs were."""
    is_ignorable: Callable[[Path], bool] = staticmethod(lambda _path: True)
    """Whether a change at a path is left out where the program ignores it."""

    def check(self, subject: Subject, news: dict[str, Any], olds: dict[str, Any]) -> Checked:  # noqa: ARG002
        """Validate and complete the program's inputs; `olds` is empty for a new resource or a replacement."""
        return Checked(news)

    def replace_paths(self, subject: Subject, olds: dict[str, Any], news: dict[str, Any]) -> Collection[str]:  # noqa: ARG002
        """Override when what replaces depends on the values, as "engine version went down" does."""
        return self.replace_on

    def delete_first(self, subject: Subject, olds: dict[str, Any], news: dict[str, Any]) -> bool:  # noqa: ARG002
        """Whether old and new cannot exist side by side, as with a physical name fixed by the program."""
        return False

    def compared(self, olds: dict[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """What wanted inputs are compared with: the old ones, or what is there instead of some of them."""
        return olds

    def secret_names(self, values: Mapping[str, Any]) -> Collection[str]:  # noqa: ARG002
        """Override when the values decide which top-level properties are secret, as an object's kind does."""
        return self.secret_outputs

    def remade_for(self, news: dict[str, Any], outputs: dict[str, Any]) -> str:  # noqa: ARG002
        """The property path that says why a new one is needed whatever the inputs are; '' where none is."""
        return ""

    def preview(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Outputs to show for a create (`outputs` empty) or an update; inputs may hold `UNKNOWN`."""
        known = outputs or dict.fromkeys(self.computed, UNKNOWN)
        return {**known, **inputs}

    def adopted(self, news: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """The old inputs of an imported resource: those of its outputs that the program sets too."""
        return {key: outputs[key] for key in news if key in outputs}

    @abstractmethod
    def create(self, subject: Subject, inputs: dict[str, Any]) -> State:
        """Make it."""

    @abstractmethod
    def update(
        self, subject: Subject, inputs: dict[str, Any], olds: dict[str, Any], outputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Change it from `olds` to `inputs` and return all outputs, with `INPUTS` where others are kept."""

    @abstractmethod
    def read(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> State | None:
        """Its present state with inputs corrected for drift, None when gone; both are empty on import."""

    @abstractmethod
    def delete(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Remove it and return once it is gone; a resource already gone is success."""


class TableProvider(sdk.Provider):
    """Looks up the `ResourceType` of each call and does what all types have in common."""

    def __init__(self, types: Mapping[str, ResourceType] | None = None) -> None:
        super().__init__()
        self.types: dict[str, ResourceType] = dict(types or {})
        self.warn: Callable[[str, str], None] = _to_stderr
        """Shows a warning (second) beside a resource (its URN, first); serving connects it to the engine."""

    def resource_type(self, token: str) -> ResourceType:
        """The implementation of a type token; override where types are not a closed list."""
        try:
            return self.types[token]
        except KeyError:
            known = ", ".join(sorted(self.types))
            raise ProviderError(
                f"This machine's provider does not know the resource type {token}; it knows {known}. "
                "Use the official provider for it, or leave the resource out of the local stack."
            ) from None

    def check_settings(self, settings: dict[str, Any]) -> list[Failure]:  # noqa: ARG002
        """Refuse provider configuration; the default accepts everything."""
        return []

    def use_settings(self, settings: dict[str, Any]) -> None:
        """Take the provider's configuration, once, before the first resource."""

    def call_function(self, token: str, args: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Answer an invoke such as `aws:index/getRegion:getRegion`."""
        raise ProviderError(
            f"This machine's provider does not know the function {token}; "
            "leave the call out of the local stack."
        )

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Validate the provider's own configuration."""
        failures = await asyncio.to_thread(self.check_settings, plain(request.new_inputs))
        return sdk.CheckResponse(request.new_inputs, _failures(failures))

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Hand the configuration over and state which wire features are understood."""
        await asyncio.to_thread(self.use_settings, plain(request.args))
        return sdk.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_outputs=False, accept_resources=False
        )

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        """Answer a function call; secret arguments make the whole answer as secret as the engine decides."""
        result = await asyncio.to_thread(self.call_function, request.tok, plain(request.args))
        return sdk.InvokeResponse(wrap_map(result), [])

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Complete and validate inputs; what came in secret stays secret."""
        subject = Subject(request.urn, seed=request.random_seed)
        kind = self.resource_type(subject.token)
        news, olds = plain(request.new_inputs), plain(request.old_inputs)
        checked = await asyncio.to_thread(kind.check, subject, news, olds)
        inputs = wrap_map(checked.inputs, secret_paths(request.new_inputs))
        return sdk.CheckResponse(inputs, _failures(checked.failures))

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Compare inputs with inputs, never with outputs, so defaults made by the cloud are no difference."""
        subject = Subject(request.urn, request.resource_id)
        kind = self.resource_type(subject.token)
        news, outputs = plain(request.new_inputs), plain(request.old_state)
        olds = outputs[INPUTS] if INPUTS in outputs else kind.adopted(news, outputs)
        olds = kind.compared(olds, outputs)
        return difference(
            olds,
            news,
            replace_on=kind.replace_paths(subject, olds, news),
            ignore=request.ignore_changes,
            is_ignorable=kind.is_ignorable,
            remade_for=await asyncio.to_thread(kind.remade_for, news, outputs),
            delete_first=kind.delete_first(subject, olds, news),
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Create, or say what creating would give."""
        secret = secret_paths(request.properties)
        subject = Subject(request.urn, timeout=request.timeout, secrets=secret)
        kind = self.resource_type(subject.token)
        inputs = plain(request.properties)
        if request.preview:
            outputs = await asyncio.to_thread(kind.preview, subject, inputs, {})
            return sdk.CreateResponse("", _state(kind, outputs, inputs, request.properties))
        made = await asyncio.to_thread(kind.create, subject, inputs)
        return sdk.CreateResponse(made.id, _state(kind, made.outputs, inputs, request.properties))

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Update in place, or say what updating would give."""
        secret = secret_paths(request.news)
        ignored = tuple(request.ignore_changes)
        subject = Subject(request.urn, request.resource_id, request.timeout, secret, ignored=ignored)
        kind = self.resource_type(subject.token)
        inputs, (olds, outputs) = plain(request.news), _remembered(request.olds)
        if request.preview:
            result = await asyncio.to_thread(kind.preview, subject, inputs, outputs)
        else:
            result = await asyncio.to_thread(kind.update, subject, inputs, olds, outputs)
        return sdk.UpdateResponse(_state(kind, result, inputs, request.news))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """Refresh or import; an absent resource is answered with an empty id.

        An imported state keeps no inputs: until its first update it is compared as `adopted` says.
        """
        subject = Subject(request.urn, request.resource_id)
        kind = self.resource_type(subject.token)
        _, outputs = _remembered(request.properties)
        state = await asyncio.to_thread(kind.read, subject, plain(request.inputs), outputs)
        if state is None:
            return sdk.ReadResponse("", {}, {})
        inputs = state.inputs if state.inputs is not None else plain(request.inputs)
        secret = secret_paths(request.inputs) | _always_secret(kind, inputs)
        properties = _state(kind, state.outputs, inputs, request.inputs)
        if not request.inputs and not request.properties:
            del properties[INPUTS]
        return sdk.ReadResponse(state.id, properties, wrap_map(inputs, secret))

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Delete and wait until the type says it is gone."""
        subject = Subject(request.urn, request.resource_id, request.timeout)
        kind = self.resource_type(subject.token)
        olds, outputs = _remembered(request.properties)
        await asyncio.to_thread(kind.delete, subject, olds, outputs)


def _to_stderr(urn: str, message: str) -> None:
    sys.stderr.write(f"{urn}: {message}\n")


def _remembered(state: Wire) -> tuple[dict[str, Any], dict[str, Any]]:
    outputs = plain(state)
    return outputs.pop(INPUTS, {}), outputs


def _state(
    kind: ResourceType, outputs: Mapping[str, Any], inputs: Mapping[str, Any], wire: Wire
) -> dict[str, PropertyValue]:
    secret = secret_paths(wire) | _always_secret(kind, outputs)
    kept = {(INPUTS, *path) for path in secret}
    return wrap_map({INPUTS: inputs, **outputs}, secret | kept)


def _always_secret(kind: ResourceType, values: Mapping[str, Any]) -> set[Path]:
    return {(name,) for name in kind.secret_names(values) if name in values}


def _failures(found: list[Failure]) -> list[sdk.CheckFailure]:
    return [sdk.CheckFailure(failure.path, failure.reason) for failure in found]
