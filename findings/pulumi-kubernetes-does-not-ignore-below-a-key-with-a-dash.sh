#!/usr/bin/env bash
# The official Kubernetes provider takes ignored changes out of its difference by their path, and spells that path in two
# ways: the difference has `labels.job-name`, what is taken out of it is `labels["job-name"]`. So `ignoreChanges` on a map
# does not hold for keys with a dash and no dot. Whoever ignores all labels of a Job's pod template sees it after the first
# update of that Job: the provider has then stored the labels that the server adds (controller-uid, job-name, and both with
# batch.kubernetes.io/) as inputs, finds them missing in the program's, leaves out the two with a dot, and replaces the Job
# on the other two. The Job runs again. One ignored path for each label of your own avoids both.
#
# Seen with pulumi-kubernetes 4.25.0 (module provider/v4 of 2026-01-15) and the SDK of its go.mod, 3.215.0. The program asks
# the SDK for the spelling; the lines of the provider that rely on it are searched in its published module, without building
# it (10 minutes). Needs Go 1.24 or newer, and network for the modules. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
provider=github.com/pulumi/pulumi-kubernetes/provider/v4@v4.0.0-20260115033456-f47bc2d6f199
source=$(go mod download -json "$provider" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')/pkg/provider/provider.go
grep -n 'strings.ContainsAny(v, `."\[\]`)' "$source"    # a key without these is written after a dot
grep -n 'delete(detailedDiff, diffPath.String())' "$source"

cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func main() {
	as := func(text string) string {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			panic(err)
		}
		return path.String()
	}
	plain, dashed := "metadata.labels.team", "metadata.labels.job-name"
	fmt.Println(plain, "is taken out as", as(plain))
	fmt.Println(dashed, "is taken out as", as(dashed))
	if as(plain) != plain || as(dashed) == dashed {
		os.Exit(1)
	}
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/pulumi/pulumi/sdk/v3@v3.215.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run .
