"""What the installed SDK of AWS says of its types: which inputs turn encryption on or close what is public.

`python -m tests.policies.sdk` writes the list that the policy pack reads, after a new version of the SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from policies.protections import FILE

HEAD = "# Types of AWS and their inputs that protect data, from the SDK: `python -m tests.policies.sdk`.\n"
_TOKEN = re.compile(r"super\(\w+, __self__\)\.__init__\(\s*'(aws:[^']+)'")
_ARGUMENTS = re.compile(r"class \w+Args:\n    def __init__\(__self__, \*,\n(.*?)\):", re.DOTALL)
_ARGUMENT = re.compile(r"^ +(\w+): (.*?)(?: = None)?,?$", re.MULTILINE)
# Keys of secrets and reports beside the data, words that only describe a key, ciphers of a tunnel.
_BESIDE = re.compile(
    r"context|algorithm|reuse_period|provider_uri|kms_access|policy_document|^performance_insights|"
    r"secret_kms|^log_encryption|mode$|key_provider"
)
_ENCRYPTS = re.compile(r"encrypt|kms|(^|_)sse(_|$)")
_PUBLIC = frozenset({"publicly_accessible", "public_connectivity", "direct_internet_access"})


@cache
def inputs() -> dict[str, tuple[tuple[str, str], ...]]:
    """Type -> its inputs and their annotations."""
    found = {}
    import pulumi_aws  # noqa: PLC0415 - a second to import, for two tests only

    for path in sorted(Path(pulumi_aws.__file__).parent.glob("*/*.py")):
        text = path.read_text(encoding="utf-8")
        token, arguments = _TOKEN.search(text), _ARGUMENTS.search(text)
        if token and arguments:
            found[token[1]] = tuple(_ARGUMENT.findall(arguments[1]))
    return found


def lines() -> Iterator[str]:
    """A line for each type and its inputs of that kind: `type name=switch name=key name=public`."""
    for token, arguments in sorted(inputs().items()):
        marks = [f"{_camel(name)}={kind}" for name, hint in arguments if (kind := _kind(name, hint))]
        yield " ".join([token, *marks]) + "\n"


def _kind(name: str, hint: str) -> str | None:
    if name in _PUBLIC:
        return "public"
    if not _ENCRYPTS.search(name) or _BESIDE.search(name):
        return None
    return "switch" if "bool" in hint or name == "encrypted" else "key"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


if __name__ == "__main__":
    FILE.write_text(HEAD + "".join(lines()), encoding="utf-8")
