"""Knows how any row of the table lives: drift by digest, tags by difference, errors in AWS's words."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from localcloud.auto_names import auto_name
from localcloud.aws.errors import AwsError, is_absent, sentence
from localcloud.aws.limits import tag_failures
from localcloud.aws.name_rules import name_failures
from localcloud.aws.row import Call
from localcloud.properties import UNKNOWN, without_unknown
from localcloud.provider import Checked, Failure, ProviderError, ResourceType, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from localcloud.aws.clients import Clients
    from localcloud.aws.row import Row
    from localcloud.aws.simulation import Simulation
    from localcloud.provider import Subject

GENERATION: Final = "__generation"
"""State key of the memory a resource was made in."""
LIVE: Final = "__live"
"""State key of digests of what AWS reported after the last call, which tell drift from AWS's spelling."""


class AwsType(ResourceType):
    """A row of the table at work."""

    def __init__(self, row: Row, clients: Clients, simulation: Simulation) -> None:
        self.row = row
        self._clients = clients
        self._simulation = simulation
        self.replace_on = row.replaces | ({"region"} if row.regional else set())
        self.computed = row.outputs
        self.secret_outputs = row.secrets

    def check(self, subject: Subject, news: dict[str, Any], olds: dict[str, Any]) -> Checked:
        """Completes the name, and refuses what the official provider refuses before any call."""
        inputs = {name: value for name, value in news.items() if value is not None}
        known = without_unknown(inputs)
        failures = [*self._unknown_inputs(inputs), *tag_failures(known.get("tags") or {})]
        for check in self.row.checks:
            failures += check(known)
        if self.row.keeps and olds:
            inputs |= self.row.keeps(known, olds)
        if self.row.name and self.row.name.property not in inputs:
            inputs[self.row.name.property] = self._made_up(subject, inputs, olds)
        # What is there was taken once.
        fresh = {name: value for name, value in without_unknown(inputs).items() if value != olds.get(name)}
        failures += name_failures(self.row.kind, fresh)
        return Checked(inputs, failures)

    def replace_paths(self, subject: Subject, olds: dict[str, Any], news: dict[str, Any]) -> Collection[str]:
        """What replaces always, but for changes that are made in place, and what does by its values."""
        always = set(super().replace_paths(subject, olds, news))
        spared = self.row.spares(olds, news) if self.row.spares else ()
        besides = self.row.replaces_if(olds, news) if self.row.replaces_if else ()
        return always.difference(spared).union(besides)

    def compared(self, olds: dict[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
        """What AWS changes later is compared with what is there, as Terraform plans from its state."""
        there = {name: outputs[name] for name in self.row.waits & olds.keys() & outputs.keys()}
        return {**olds, **there}

    def delete_first(self, subject: Subject, olds: dict[str, Any], news: dict[str, Any]) -> bool:
        """True when both would bear the same physical name, which the program gave.

        One that was made up is made up anew for a replacement, as Pulumi's bridge does with a name among the
        defaults (pulumi-terraform-bridge, pkg/tfbridge/names.go): the new one comes first.
        """
        name = self.row.name
        if name is None or olds.get(name.property) != news.get(name.property):
            return False
        start = self._prefix(news) or f"{name.start}{subject.name}-"
        made_up = rf"{re.escape(str(start))}[0-9a-f]{{7}}"
        return re.fullmatch(made_up, str(news.get(name.property)), re.IGNORECASE) is None

    def preview(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """What is known before the call: computed outputs stay as they are in an update."""
        shown = {**self.row.defaults, **super().preview(subject, inputs, outputs)}
        if self.row.tags:
            shown["tagsAll"] = inputs.get("tags") or {}
        if self.row.regional:
            shown["region"] = inputs.get("region", self._clients.region)
        # What AWS will add is not known before it did.
        held = {name: outputs.get(name, UNKNOWN) for name in self.row.completed if name in inputs}
        return {**shown, **held}

    def create(self, subject: Subject, inputs: dict[str, Any]) -> State:
        """Makes it, and takes over what AWS says about it."""
        call = self._call(subject, inputs, new=inputs)
        with self._as_sentence(call):
            for refusal in self.row.before_create:
                refusal(call)
            made = self._call(subject, inputs, new=inputs, id=self.row.create(call))
            self._settle(made)
            found = self.row.find(made)
            if found is None:
                raise ProviderError(f"{self._who(call)}: AWS does not know it right after its creation.")
            return State(made.id, self._outputs(made, found, inputs))

    def update(
        self, subject: Subject, inputs: dict[str, Any], olds: dict[str, Any], outputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Sends only what changed."""
        before = self.compared(olds, outputs)
        call = self._call(subject, inputs, new=inputs, old=before, id=subject.id, state=outputs)
        with self._as_sentence(call):
            for refusal in self.row.before_update:
                refusal(call)
            for change in self.row.changes:
                if change.inputs & call.changed:
                    change.apply(call)
            if "tags" in call.changed:
                self._retag(call)
            found = self.row.find(call)
            if found is None:
                raise ProviderError(
                    f"{self._who(call)}: it was deleted outside Pulumi; "
                    "run `pulumi refresh`, then `pulumi up`."
                )
            return self._outputs(call, found, inputs)

    def read(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> State | None:
        """Its present state; inputs change only where AWS's answer changed since the last call."""
        if self.is_from_another_memory(outputs):
            return None
        importing = not outputs
        parsed = dict(self.row.parse(subject.id)) if importing and self.row.parse else {}
        call = self._call(
            subject, {**parsed, **inputs}, old={**parsed, **inputs}, id=subject.id, state=outputs
        )
        with self._as_sentence(call):
            found = self.row.find(call)
            if found is None:
                return None
            living = self._living(call, found)
        if importing and inputs:
            # Taken in by what was asked for, after the answer of its creation was lost: AWS tells the rest.
            present = {name: self._present(name, wanted, living) for name, wanted in inputs.items()}
        elif importing or not inputs:
            accepted = {*self.row.inputs, *self.row.settings} - self.row.secrets
            present = {
                **parsed,
                **{k: v for k, v in living.items() if k in accepted and v not in ({}, [], "")},
            }
        else:
            present = {**inputs, **self._drifted(inputs, outputs, living)}
        return State(subject.id, self._outputs(call, found, present, living=living), present)

    def delete(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Removes it; a resource of a forgotten memory is gone already."""
        if self.is_from_another_memory(outputs):
            return
        call = self._call(subject, inputs, old=inputs, id=subject.id, state=outputs)
        with self._as_sentence(call):
            try:
                self.row.delete(call)
            except ClientError as error:
                if not is_absent(error):
                    raise

    def is_from_another_memory(self, outputs: Mapping[str, Any]) -> bool:
        """Whether the resource was made in a server that has been restarted since."""
        return bool(outputs.get(GENERATION, self._simulation.generation) != self._simulation.generation)

    def _unknown_inputs(self, inputs: Mapping[str, Any]) -> Iterator[Failure]:
        for name in sorted(inputs.keys() - self.row.inputs.keys() - self.row.settings):
            if not name.startswith("__"):
                yield Failure(
                    name,
                    f"the local cloud does not know the input {name} of {self.row.kind}; "
                    "add it to the type's row in localcloud/aws, or leave it out of the local stack",
                )

    def _made_up(self, subject: Subject, inputs: Mapping[str, Any], olds: Mapping[str, Any]) -> str:
        name = self.row.name
        if name is None or (olds.get(name.property) and self._prefix(inputs) == self._prefix(olds)):
            return str(olds[name.property]) if name else ""
        prefix = self._prefix(inputs)
        made = auto_name(subject)
        made = f"{prefix}{made.rsplit('-', 1)[1]}" if prefix else f"{name.start}{made}"
        return made.lower() if name.lower else made

    def _prefix(self, inputs: Mapping[str, Any]) -> Any:
        return inputs.get(self.row.name.prefix) if self.row.name and self.row.name.prefix else None

    def _call(self, subject: Subject, inputs: Mapping[str, Any], **facts: Any) -> Call:
        region = inputs.get("region") or facts.get("state", {}).get("region") or self._clients.region
        return Call(self.row, self._clients, self._simulation, name=subject.name, region=str(region), **facts)

    def _living(self, call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
        living = self.row.living(found)
        if self.row.derive:
            living.update({k: v for k, v in self.row.derive(call, found).items() if v is not None})
        if self.row.tags:
            target = call.id if self.row.tags.target == "id" else str(living[self.row.tags.target])
            living["tags"] = self.row.tags.read(call, target, found)
        return living

    def _outputs(
        self,
        call: Call,
        found: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        living: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Everything the program may read: what it asked for, in its own spelling, and what AWS added."""
        seen = self._living(call, found) if living is None else living
        completed = {name: seen[name] for name in self.row.completed if name in seen}
        present = {name: seen[name] for name in self.row.waits if seen.get(name) is not None}
        outputs = {**self.row.defaults, **seen, **inputs, **completed, **present}
        if self.row.tags:
            outputs["tagsAll"] = seen["tags"]
            outputs.setdefault("tags", {})
        if self.row.regional:
            outputs["region"] = call.region
        outputs[GENERATION] = self._simulation.generation
        outputs[LIVE] = {name: _digest(value) for name, value in seen.items()}
        return outputs

    def _present(self, name: str, wanted: Any, living: Mapping[str, Any]) -> Any:
        """What an input is in AWS: as it was asked for, where AWS only added to it."""
        seen = living.get(name, wanted)
        added = name in self.row.completed and dict(wanted).items() <= dict(seen).items()
        return wanted if added else seen

    def _drifted(
        self, inputs: Mapping[str, Any], outputs: Mapping[str, Any], living: Mapping[str, Any]
    ) -> dict[str, Any]:
        before = outputs.get(LIVE) or {}
        watched = {*inputs, *(["tags"] if self.row.tags else [])}
        return {
            name: value
            for name, value in living.items()
            if name in watched and name in before and before[name] != _digest(value)
        }

    def _retag(self, call: Call) -> None:
        tags = self.row.tags
        if tags is None:
            return
        target = call.id if tags.target == "id" else str(call.state[tags.target])
        wanted, present = dict(call.new.get("tags") or {}), dict(call.old.get("tags") or {})
        if gone := sorted(present.keys() - wanted.keys()):
            tags.remove(call, target, gone)
        if fresh := {key: value for key, value in wanted.items() if present.get(key) != value}:
            tags.add(call, target, fresh)

    def _settle(self, made: Call) -> None:
        """Sends what the creating operation does not take."""
        for change in self.row.changes:
            if change.settles and change.inputs & made.changed:
                change.apply(made)
        if self.row.tags and self.row.tags.late and made.new.get("tags"):
            self.row.tags.add(made, made.id, dict(made.new["tags"]))

    def _who(self, call: Call) -> str:
        return f"{self.row.kind} {call.name}"

    @contextmanager
    def _as_sentence(self, call: Call) -> Iterator[None]:
        try:
            yield
        except AwsError as error:
            raise ProviderError(f"{self._who(call)}: {sentence(error)}") from error


def _digest(value: Any) -> str:
    # A digest, so that the state holds no second copy of a value that may be secret.
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]
