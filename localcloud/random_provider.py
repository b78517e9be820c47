"""The random provider on this machine: passwords, strings and ids that stay as first drawn.

`bcryptHash` is not an output here: no bcrypt implementation is among the project's requirements.
"""

from __future__ import annotations

import base64
import secrets
import string
from typing import Any, Final

from localcloud.plugin import sdk_version, serve
from localcloud.properties import UNKNOWN
from localcloud.provider import Checked, Failure, ProviderError, ResourceType, State, Subject, TableProvider

_CLASSES: Final = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "numeric": string.digits,
    "special": "!@#$%&*()-_=+[]{}<>:?",  # the Terraform provider's default set
}
_MINIMUMS: Final = {name: f"min{name.capitalize()}" for name in _CLASSES}


class _Drawn(ResourceType):
    """A value drawn once: every changed input draws a new one."""

    def replace_paths(self, _subject: Subject, olds: dict[str, Any], news: dict[str, Any]) -> set[str]:
        return {*olds, *news}

    def update(
        self, subject: Subject, _inputs: dict[str, Any], _olds: dict[str, Any], _outputs: dict[str, Any]
    ) -> dict[str, Any]:
        raise ProviderError(f"{subject.name}: a random value cannot be updated, only replaced.")

    def read(self, subject: Subject, inputs: dict[str, Any], outputs: dict[str, Any]) -> State | None:
        """Nothing outside the state can drift."""
        if not outputs:
            raise ProviderError(f"{subject.name}: random values cannot be imported here; create a new one.")
        return State(subject.id, outputs, inputs)

    def delete(self, _subject: Subject, _inputs: dict[str, Any], _outputs: dict[str, Any]) -> None:
        """Forgetting the state is enough."""


class DrawnText(_Drawn):
    """RandomPassword and RandomString; a password's `result` is secret and its id says nothing."""

    computed = ("result",)

    def __init__(self, *, secret: bool) -> None:
        self.secret_outputs = ("result",) if secret else ()

    def check(self, _subject: Subject, news: dict[str, Any], _olds: dict[str, Any]) -> Checked:
        """Refuse what no text can satisfy."""
        length, needed = news.get("length"), [news.get(name, 0) for name in _MINIMUMS.values()]
        if UNKNOWN in (length, *needed):
            return Checked(news)
        failures = []
        if not isinstance(length, int) or length < 1:
            failures.append(Failure("length", f"expected a whole number of at least 1, found {length!r}"))
        elif length < sum(needed):
            reason = f"is {length}, but the minimums of the character classes add up to {sum(needed)}"
            failures.append(Failure("length", reason))
        if not any(alphabets(news).values()):
            failures.append(Failure("special", "every character class is switched off: allow at least one"))
        return Checked(news, failures)

    def create(self, _subject: Subject, inputs: dict[str, Any]) -> State:
        """Draw the required characters of each class first, the rest from all classes, and shuffle."""
        classes = alphabets(inputs)
        drawn = [
            secrets.choice(classes[name])
            for name, minimum in _MINIMUMS.items()
            for _ in range(inputs.get(minimum, 0))
        ]
        every = "".join(classes.values())
        drawn += [secrets.choice(every) for _ in range(inputs["length"] - len(drawn))]
        secrets.SystemRandom().shuffle(drawn)
        result = "".join(drawn)
        return State("none" if self.secret_outputs else result, {**inputs, "result": result})


class DrawnId(_Drawn):
    """RandomId: `byteLength` random bytes in four spellings, each after `prefix`."""

    computed = ("b64Std", "b64Url", "dec", "hex")

    def check(self, _subject: Subject, news: dict[str, Any], _olds: dict[str, Any]) -> Checked:
        """An id has at least one byte."""
        length = news.get("byteLength")
        if length is UNKNOWN or (isinstance(length, int) and length > 0):
            return Checked(news)
        reason = f"expected a whole number of at least 1, found {length!r}"
        return Checked(news, [Failure("byteLength", reason)])

    def create(self, _subject: Subject, inputs: dict[str, Any]) -> State:
        """The id is the URL-safe base64 spelling without prefix, as in the official provider."""
        value = secrets.token_bytes(inputs["byteLength"])
        url_safe = base64.urlsafe_b64encode(value).decode().rstrip("=")
        spellings = {
            "b64Std": base64.b64encode(value).decode(),
            "b64Url": url_safe,
            "dec": str(int.from_bytes(value, "big")),
            "hex": value.hex(),
        }
        prefix = inputs.get("prefix", "")
        return State(url_safe, {**inputs, **{name: prefix + text for name, text in spellings.items()}})


def alphabets(inputs: dict[str, Any]) -> dict[str, str]:
    """The characters of each class; one that is switched off has none unless a minimum asks for it."""
    wanted = {**inputs, "numeric": inputs.get("numeric", inputs.get("number", True))}
    available = {**_CLASSES, "special": inputs.get("overrideSpecial") or _CLASSES["special"]}
    return {
        name: characters if wanted.get(name, True) or inputs.get(_MINIMUMS[name]) else ""
        for name, characters in available.items()
    }


if __name__ == "__main__":
    types: dict[str, ResourceType] = {
        "random:index/randomId:RandomId": DrawnId(),
        "random:index/randomPassword:RandomPassword": DrawnText(secret=True),
        "random:index/randomString:RandomString": DrawnText(secret=False),
    }
    serve(TableProvider(types), sdk_version("pulumi-random"))
