"""`costack allocate --bill`: from real bills and use to a statement, its proof and FOCUS files."""

from __future__ import annotations

from allocation.runs.bill import Outcome


def gate_lines(outcome: Outcome) -> list[str]:
    """One line for each gate: what was found, what is asked for."""
    return [
        f"{'pass' if gate.passed else 'FAIL'}: {gate.gate}: {gate.found}, {gate.limit}"
        for gate in outcome.gates
    ]


def unready(outcome: Outcome) -> str:
    """Why nothing can be booked."""
    names = "; ".join(f"{gate.gate} is {gate.found}, {gate.limit} is asked for" for gate in outcome.failed)
    return f"not ready for chargeback of {', '.join(outcome.chargeback)}: {names}"
