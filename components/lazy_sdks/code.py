"""Code as Python compiles it: what a module defines and names, and docstrings."""

from __future__ import annotations

import inspect
import marshal
import re
from types import CodeType
from typing import Final

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][\w.]*")
_ANNOTATION: Final = re.compile(r"[A-Za-z_][\w.]*(\[.*\])?")
_DROPPED: Final[list[bool]] = []
_EMPTY: Final = compile("", "", "exec")
_DOCUMENTED: Final[int] = getattr(inspect, "CO_HAS_DOCSTRING", inspect.CO_OPTIMIZED)
"""The flag of functions whose first constant is a docstring; before Python 3.14 all have one, or None."""


def mentioned(code: CodeType | None) -> set[str]:
    """The identifiers in *code* and in its annotations, such as `outputs.PodSpec`."""
    found = set(code.co_names) if code else set()
    for each in code.co_consts if code else ():
        if isinstance(each, CodeType):
            found |= mentioned(each)
        elif isinstance(each, str) and _ANNOTATION.fullmatch(each):
            found.update(_IDENTIFIER.findall(each))
    return found


def classes(code: CodeType | None) -> dict[str, CodeType]:
    """The code of the classes, or functions, that a module's *code* defines."""
    return {each.co_name: each for each in code.co_consts if isinstance(each, CodeType)} if code else {}


def outline(code: CodeType) -> bytes:
    """*code* as bytes, with empty classes: what is made of it lies apart from what is thrown away."""
    constants = [
        _EMPTY.replace(co_name=each.co_name, co_qualname=each.co_qualname)
        if isinstance(each, CodeType)
        else each
        for each in code.co_consts
    ]
    return marshal.dumps(code.replace(co_consts=tuple(constants)))


def kept(code: CodeType) -> CodeType:
    """*code* as it is kept: without the docstrings of its functions once they were dropped."""
    return _undocumented(code) if _DROPPED else code


def _undocumented(code: CodeType) -> CodeType:
    constants = [_undocumented(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    # A comprehension has constants of its own there, or none at all.
    documented = code.co_flags & _DOCUMENTED and constants and not code.co_name.startswith("<")
    if documented and isinstance(constants[0], str) and "\n" in constants[0]:
        constants[0] = None
    return code.replace(co_consts=tuple(constants))


def drop_docstrings() -> None:
    """Keep no docstrings of functions of SDKs that are loaded from now on: a third of their code."""
    _DROPPED.append(True)
