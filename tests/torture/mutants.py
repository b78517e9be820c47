"""Breaks the guards in every small way, one at a time, and counts how many breaks the tests notice.

A mutant lives in the memory of a forked process only; no file is changed. Wording is not mutated.
`python -m tests.torture.mutants [--module lifecycle.decommission.guards] [--limit N]`
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

TESTS: Final = {
    "lifecycle.decommission.guards": (
        "test_guard_edges.py",
        "decommission/test_steps.py",
        "decommission/test_guards.py",
    ),
    "lifecycle.decommission.plan": (
        "decommission/test_plan.py",
        "test_guard_edges.py",
        "decommission/test_steps.py",
        "decommission/test_guards.py",
    ),
    "lifecycle.expire": ("test_expire.py", "test_guard_edges.py"),
}
"""Quick files first: a mutant is noticed by the first test that fails."""
WANTED: Final = 90
"""Percent of the mutants that must be noticed."""
_SECONDS: Final = 90
_FLIPPED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
}
_OTHER: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
}

Mutation = tuple[int, str, Callable[[], None]]


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Every small way to break the module: its line, what is done, and doing it."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        yield from _statements(function)
    for node in _code(tree):
        yield from _expressions(node)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """What runs: no annotations, no docstrings, no wording of messages."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for each in value if isinstance(value, list) else [value]:
            wording = isinstance(each, ast.JoinedStr) or (
                isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
            )
            if isinstance(each, ast.AST) and not wording:
                yield from _code(each)


def _statements(function: ast.FunctionDef) -> Iterator[Mutation]:
    for block in (body for node in ast.walk(function) for body in _blocks(node)):
        for at, statement in enumerate(block):
            says = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield | ast.YieldFrom)
            if says or isinstance(statement, ast.Raise):
                yield statement.lineno, "removed", _putting(block, at, ast.Pass())
            if isinstance(statement, ast.Return) and statement.value is not None:
                yield statement.lineno, "returns nothing", _putting(block, at, ast.Return(value=None))


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _expressions(node: ast.AST) -> Iterator[Mutation]:
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for flipped in _FLIPPED[type(operator)]:
                yield (
                    line,
                    f"{type(operator).__name__} is {flipped.__name__}",
                    _putting(node.ops, at, flipped()),
                )
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield line, f"is {type(other).__name__}", _setting(node, "op", other)
        for at in range(len(node.values)):
            yield line, f"without operand {at}", _dropping(node.values, at)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OTHER:
        other_op = _OTHER[type(node.op)]
        yield line, f"is {other_op.__name__}", _setting(node, "op", other_op())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield line, "not not", _setting(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
    elif isinstance(node, ast.If | ast.IfExp):
        yield line, "if not", _setting(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        for at, each in enumerate(node.elts):
            if isinstance(each, ast.Starred):
                yield each.lineno, f"without {ast.unparse(each)}", _dropping(node.elts, at)
    elif isinstance(node, ast.Constant):
        yield from _constants(node, line)


def _constants(node: ast.Constant, line: int) -> Iterator[Mutation]:
    if isinstance(node.value, bool):
        yield line, f"{node.value} flipped", _setting(node, "value", not node.value)
    elif isinstance(node.value, int):
        yield line, f"{node.value} plus 1", _setting(node, "value", node.value + 1)
    elif isinstance(node.value, str) and node.value.isidentifier():
        yield line, f"{node.value!r} misspelt", _setting(node, "value", f"X{node.value}")


def _putting(block: list[Any], at: int, new: Any) -> Callable[[], None]:
    return lambda: block.__setitem__(at, new)


def _dropping(block: list[Any], at: int) -> Callable[[], None]:
    return lambda: block.__delitem__(at)


def _setting(node: ast.AST, name: str, new: Any) -> Callable[[], None]:
    return lambda: setattr(node, name, new)


def survives(module: str, number: int) -> bool:
    """Whether no test notices the mutant."""
    pid = os.fork()
    if pid == 0:
        os._exit(_child(module, number))
    with suppress(ProcessLookupError):
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _child(module: str, number: int) -> int:
    signal.alarm(_SECONDS)  # a mutant that never ends is noticed
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        _install(module, number)
    except Exception:  # noqa: BLE001 - a module that cannot be loaded is noticed
        return 1
    tests = [f"tests/lifecycle/{name}" for name in TESTS[module]]
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))


def _install(module: str, number: int) -> None:
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    list(mutations(tree))[number][2]()
    made = types.ModuleType(module)
    made.__file__, made.__spec__ = spec.origin, spec
    sys.modules[module] = made
    exec(compile(ast.fix_missing_locations(tree), spec.origin, "exec"), vars(made))  # noqa: S102 - our own code
    parent, _, name = module.rpartition(".")
    setattr(importlib.import_module(parent), name, made)


def main() -> int:
    """Try every mutant; fail when too few are noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", choices=sorted(TESTS))
    parser.add_argument("--limit", type=int, default=10**6, help="so many mutants of each module at most")
    asked = parser.parse_args()
    for shared in ("tests.portfolios", "allocation.prices.price_book"):  # what every mutant would import anew
        importlib.import_module(shared)
    total = left = 0
    for module in (asked.module,) if asked.module else TESTS:
        tree = ast.parse(Path(f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
        every, alive = list(mutations(tree))[: asked.limit], 0
        for number, (line, what, _) in enumerate(every):
            if survives(module, number):
                alive += 1
                sys.stdout.write(f"  {module.replace('.', '/')}.py:{line}: {what}\n")
                sys.stdout.flush()
        sys.stdout.write(f"{module}: {len(every) - alive} of {len(every)} mutants noticed\n")
        total, left = total + len(every), left + alive
    percent = 100 * (total - left) / total
    sys.stdout.write(f"{total - left} of {total} mutants noticed: {percent:.1f} %\n")
    return int(percent < WANTED)


if __name__ == "__main__":
    sys.exit(main())
