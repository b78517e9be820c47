#!/usr/bin/env bash
# The official Kubernetes provider holds a claim whose storage class says WaitForFirstConsumer for ready while it is Pending,
# and for nothing else, also at an update: a claim that was bound long ago (its pod runs) is waited for 5 minutes to be
# Pending again, which no claim ever is, and the update fails: 'the Kubernetes API server reported that "default/claim" failed
# to fully initialize or become live: Timeout occurred polling for 'claim''. A new label is enough. The next update finds the
# failed one in the state, and waits and fails in the same way. Claims that name their volume and no class are
# not concerned.
#
# Seen with pulumi-kubernetes 4.25.0 (module provider/v4 of 2026-01-15), an API server and kube-controller-manager 1.36.3, and a
# pretended scheduler and provisioner: created in 7 s, an update with a new label failed after 5 min 2 s. Running that again
# takes ten minutes of building; this compiles the provider's own condition, cut out of its published module, and asks it about
# a claim in either phase. Needs Go 1.24 or newer, and network for the module. Ends with 0 while this is so, with 1 when it has
# changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
provider=github.com/pulumi/pulumi-kubernetes/provider/v4@v4.0.0-20260115033456-f47bc2d6f199
module=$(go mod download -json "$provider" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
source=$module/pkg/await/awaiters.go
# An update uses the same wait as a creation.
test "$(grep -c 'ready = spec.await(conf)' "$module/pkg/await/await.go")" = 2

cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
)

func ready(bindMode, phase string) bool {
GO
sed -n '/if bindMode == string(storagev1.VolumeBindingWaitForFirstConsumer) {/,/^	}$/p' "$source" |
  sed -e '$d' -e 's/string(storagev1.VolumeBindingWaitForFirstConsumer)/"WaitForFirstConsumer"/' \
      -e 's/string(corev1.ClaimPending)/"Pending"/' -e 's/string(corev1.ClaimBound)/"Bound"/' | tee /dev/stderr >> main.go
cat >> main.go <<'GO'
}

func main() {
	const mode = "WaitForFirstConsumer"
	pending, bound := ready(mode, "Pending"), ready(mode, "Bound")
	fmt.Println("Pending is ready:", pending, "- Bound is ready:", bound)
	if !pending || bound {
		os.Exit(1)
	}
}
GO
go run main.go
