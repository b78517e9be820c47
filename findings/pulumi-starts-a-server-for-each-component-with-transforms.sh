#!/usr/bin/env bash
# Pulumi's SDK for Python starts a gRPC server when a resource with `transforms` is registered, and keeps it for those that follow
# in a context variable. It is set in the task that registers the resource, though, and no other task sees that: each component
# that has a transform of its own gets another server, which listens on another port until the program ends. Twenty components
# have twenty servers and twenty listening sockets; the engine then opens a connection to each of them. A program with a thousand
# components runs out of open files at the usual limit of 1024.
#
# Seen with pulumi 3.272.0 and grpcio 1.82.1 (runtime/settings.py, _get_callbacks), Python 3.11, with the SDK's own mocks in the place
# of the engine. Needs Python 3.11 and network for the two packages. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pulumi==3.272.0 grpcio==1.82.1

cat > "$work/program.py" <<'PY'
import sys

import pulumi
from pulumi.runtime._callbacks import _CallbackServicer

COMPONENTS = 20
made = []
start = _CallbackServicer.__init__


def counted(self, monitor):
    start(self, monitor)
    made.append(self._target)


_CallbackServicer.__init__ = counted


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return args.name, args.inputs

    def call(self, args):
        return {}



@pulumi.runtime.test
def program():
    for number in range(COMPONENTS):
        options = pulumi.ResourceOptions(transforms=[lambda args: None])
        pulumi.ComponentResource("example:index:Component", f"component-{number}", None, options)
    last = pulumi.ComponentResource("example:index:Component", "last")
    return last.urn.apply(lambda _: None)


pulumi.runtime.set_mocks(Mocks())
program()
print(f"{COMPONENTS} components with a transform each: {len(made)} servers, {len(set(made))} addresses")
sys.exit(0 if len(set(made)) == COMPONENTS else 1)
PY
"$work/venv/bin/python" "$work/program.py"
