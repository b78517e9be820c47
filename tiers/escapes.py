r"""Other people's text made harmless to show: nothing in it moves a cursor or commands a CI job.

A name with a line end, a terminal's escape sequence or a mark that turns the direction of text can make a
message say what we did not say. The runners of CI systems also read commands from what a job prints: GitHub
Actions lines that begin with `::`, it and others `##` before a bracket (actions/runner, ActionCommand.cs;
azure-pipelines-agent, Command.cs; TeamCity, "Service Messages"). Such characters are shown as JSON writes
them, `\u001b`, so that a JSON document that is shown keeps its meaning (RFC 8259, 7).
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

MOST_SHOWN: Final = 60
"""The most characters that a message repeats of a value."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_COMMAND: Final = re.compile(r"^(\s*):(?=:)|#(?=#[A-Za-z]*\[)")


def visible(text: str) -> str:
    r"""*text* on one line, as a person may read it on a terminal or in the log of a CI job.

    >>> print(visible("a\nb\x1b[31m"), visible("::error::x"), visible("##[group]"), visible("é €"))
    a\nb\u001b[31m \u003a:error::x \u0023#[group] é €
    """
    if not text.isprintable():
        text = "".join(each if _is_shown(each) else json.dumps(each)[1:-1] for each in text)
    return _COMMAND.sub(_told, text) if "::" in text or "##" in text else text


def visible_lines(text: str) -> str:
    r"""The same for a text of several lines: line ends and tabs stay.

    >>> visible_lines("a:\n\tb\x07\n::x")
    'a:\n\tb\\u0007\n\\u003a:x'
    """
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def shortened(text: str, most: int = MOST_SHOWN) -> str:
    """*text* as `visible` shows it, cut after *most* characters."""
    return visible(text) if len(text) <= most else f"{visible(text[:most])}…"


def _is_shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) not in _INVISIBLE


def _told(match: re.Match[str]) -> str:
    return r"\u0023" if match[0].startswith("#") else rf"{match[1]}\u003a"
