"""Serves the components under the committed schema: names as programs have them, errors at the wrong input.

The SDK's own component provider makes a schema of annotations, which know no descriptions, enums, defaults or
secrets of nested fields, and does so again at each start (pulumi 3.272, provider/experimental). What builds
the components is loaded when one is asked for: the engine waits for the port of a plugin first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

import pulumi
from pulumi.provider import CheckFailure, ConstructResult, Provider
from pulumi.provider.provider import InvokeResult

from plugin.inputs import refused
from plugin.memory import give_back
from plugin.spelling import Spelling, SpellingError, camel, snake

SCHEMA: Final = Path(__file__).parent / "schema.json"
ESTIMATE: Final = "costack:index:monthlyEstimate"
Made = TypeVar("Made")


class CostackProvider(Provider):
    """The components and the function of the package."""

    def __init__(self, today: Callable[[], date]) -> None:
        """Serve them; *today* says which month is estimated."""
        text = SCHEMA.read_text(encoding="utf-8")
        self._package: Mapping[str, Any] = json.loads(text)
        self._spelling = Spelling(self._package)
        self._today = today
        super().__init__(self._package["version"], text)

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Build a component.

        Raises:
            InputPropertiesError: With every mistake, at the property that has it.
        """
        building = _building()
        give_back()  # what the component before has left
        known = building.builders(self._today())
        if resource_type not in known:
            raise pulumi.RunError(f"costack has no component '{resource_type}': {', '.join(sorted(known))}")
        building.CALLBACKS.share()
        about = self._package["resources"][resource_type]
        given = about["inputProperties"]
        args = self._read(inputs, given, about["requiredInputs"])
        made = self._told(given, lambda: known[resource_type](name, args, options))
        state = {
            camel(key): self._for_program(value, about["properties"][camel(key)])
            for key, value in made.outputs.items()
        }
        return ConstructResult(made.urn, state)

    def invoke(self, token: str, args: Mapping[str, Any]) -> InvokeResult:
        """Answer a function; mistakes are failures of the arguments that have them."""
        building = _building()
        if token != ESTIMATE:
            raise pulumi.RunError(f"costack has no function '{token}': {ESTIMATE}")
        about = self._package["functions"][token]["inputs"]
        given = about["properties"]
        try:
            read = self._read(args, given, about["required"])
            estimate = self._told(given, lambda: building.monthly_estimate(read, self._today()))
        except pulumi.InputPropertiesError as error:
            found = error.errors or []
            return InvokeResult({}, [CheckFailure(each["property_path"], each["reason"]) for each in found])
        except building.NoEstimateError as error:
            return InvokeResult({}, [CheckFailure("platform", str(error))])
        return InvokeResult(estimate)

    def _read(
        self, inputs: Mapping[str, Any], given: Mapping[str, Any], required: list[str]
    ) -> dict[str, Any]:
        """The inputs with the names that files have."""
        missing = {
            name: "is missing"
            for name in required
            if inputs.get(name) is None and inputs.get(snake(name)) is None
        }
        if missing:
            raise refused(missing)
        args: dict[str, Any] = {}
        for key, value in inputs.items():
            name = camel(key)
            if snake(key) in args:
                raise refused({name: f"is given as '{name}' and as '{snake(key)}'"})
            spec = given.get(name, {})
            try:
                args[snake(key)] = self._for_file(value, spec, name)
            except SpellingError as error:
                raise refused({error.path: error.reason}) from None
        return args

    def _for_file(self, value: Any, spec: Mapping[str, Any], name: str) -> Any:
        def renamed(known: Any) -> Any:
            return self._spelling.for_file(known, spec, name)

        if spec.get("plain"):
            return renamed(value)
        return pulumi.Output.from_input(value).apply(renamed)

    def _for_program(self, value: Any, spec: Mapping[str, Any]) -> Any:
        return pulumi.Output.from_input(value).apply(lambda known: self._spelling.for_program(known, spec))

    def _told(self, given: Mapping[str, Any], make: Callable[[], Made]) -> Made:
        """What *make* returns; its mistakes become errors of the properties that have them."""
        building = _building()
        try:
            return make()
        except building.DocumentError as error:
            raise refused({self._path(where, given): why for where, why in error.faults}) from None
        except building.CatalogError as error:
            raise pulumi.RunError(str(error)) from None

    def _path(self, where: tuple[int | str, ...], given: Mapping[str, Any]) -> str:
        first, *rest = where or ("",)
        name = camel(str(first))
        return name + self._spelling.path(tuple(rest), given.get(name, {}))


def _building() -> ModuleType:
    """What builds the components; it is loaded when one is asked for, see above.

    Raises:
        RunError: When a part of the installation is missing.
    """
    try:
        from plugin import builders  # noqa: PLC0415
    except ImportError as error:
        raise pulumi.RunError(
            f"the components of costack cannot be loaded: {error}; install the package anew with "
            "`pulumi package add`, or `pulumi install` where Pulumi.yaml names it"
        ) from None
    return builders
