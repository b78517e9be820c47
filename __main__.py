"""What Pulumi runs in a clone of Costack; a project of one's own has the same lines."""

from costack.program import run

run()
