r"""Other people's text made harmless to show: nothing in it moves a cursor or commands a CI job.

A name with a line end, a terminal's escape sequence or a mark that turns the direction of text can make a
message say what we did not say. The runners of CI systems also read commands from what a job prints: GitHub
Actions lines that begin with `::`, Azure Pipelines and TeamCity `##` with a bracket (actions/runner,
ActionCommand.cs; azure-pipelines-agent, Command.cs; TeamCity, "Service Messages"). Such characters become
escapes as in JSON: `\x1b`, `\u202e`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MOST_SHOWN: Final = 60
"""The most characters that a message repeats of a value."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_COMMAND: Final = re.compile(r"(?<=^)(\s*):(?=:)|#(?=#[A-Za-z]*\[)", re.MULTILINE)


def visible(text: str) -> str:
    r"""*text* on one line, as a person may read it on a terminal or in the log of a CI job.

    >>> print(visible("a\nb\x1b[31m"), visible("::error::x"), visible("##[group]"), visible("é €"))
    a\nb\x1b[31m \x3a:error::x \x23#[group] é €
    """
    if not text.isprintable():
        text = "".join(each if _is_shown(each) else _escaped(each) for each in text)
    return _COMMAND.sub(_told, text) if "::" in text or "##" in text else text


def visible_lines(text: str) -> str:
    r"""The same for a text of several lines: line ends and tabs stay.

    >>> visible_lines("a:\n\tb\x07\n::x")
    'a:\n\tb\\x07\n\\x3a:x'
    """
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def shortened(text: str, most: int = MOST_SHOWN) -> str:
    """*text* as `visible` shows it, cut after *most* characters."""
    return visible(text) if len(text) <= most else f"{visible(text[:most])}…"


def _is_shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) not in _INVISIBLE


def _escaped(character: str) -> str:
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": r"\n", "\r": r"\r", "\t": r"\t"}[character]
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - as Python writes them


def _told(match: re.Match[str]) -> str:
    return r"\x23" if match[0].startswith("#") else rf"{match[1]}\x3a"
