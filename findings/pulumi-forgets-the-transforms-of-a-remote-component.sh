#!/usr/bin/env bash
# A component that another process builds (`remote`, of a package) registers itself with its transforms, and the engine
# keeps them under its URN. When the program's own call ends, the engine writes the transforms of that call, none as a
# rule, under the same URN. So the component's transforms hold for what it declares itself while it is built, and not
# for what the program declares below it afterwards: tags that it would write there are missing without a word.
# Costack's `CostTagged` registers a transform of the stack instead, which looks at parents itself.
#
# Seen with Pulumi 3.259.0: a bucket with such a component as its parent came up without tags. The lines that rely on it
# are searched in the published module, without building it (4 minutes). Needs Go 1.24 or newer, and network for the
# module. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
module=github.com/pulumi/pulumi/pkg/v3@v3.259.0
source=$(go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')/resource/deploy/source_eval.go
# Both registrations of one component, the provider's and then the program's, pass here with `ourTransforms` of their own.
grep -n 'rm.resourceTransforms\[result.State.URN\] = ourTransforms' "$source"
# What a program's call hands on to the provider's are its own transforms; nothing is handed back.
grep -n 'rm.pendingTransforms\[pendingKey\] = ourTransforms' "$source"
if grep -n 'append(rm.resourceTransforms\[' "$source"; then
  echo "transforms of both registrations are kept now" >&2
  exit 1
fi
