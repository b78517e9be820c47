#!/usr/bin/env bash
# external-dns makes DNS records of the host names that Ingresses and Services carry as annotations. Since 0.22.0 their
# names begin with `external-dns.kubernetes.io/`; up to 0.21.0 it was `external-dns.alpha.kubernetes.io/`. Neither reads
# the other's: after an upgrade an Ingress that has the older name only has no host name for it, without a word, and
# `--policy=sync` is there to delete records that no object asks for. `--annotation-prefix` chooses one of the two.
# Costack writes both names on every Ingress that asks for external-dns, so that neither an upgrade nor a way back loses one.
#
# Seen with 0.21.0 and 0.22.0: the key of the host name is made of one prefix, and nothing else in the package that reads
# annotations names another. The lines are searched in the published modules, without building them (a dependency of a
# dependency is not to be had everywhere). Needs Go, and network. Ends with 0 while this is so, with 1 when it has changed.
set -euo pipefail
shopt -s inherit_errexit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
read_by() {
  folder=$(go mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')/source/annotations
  # Code only: what is behind `//` explains, and tests name both.
  find "$folder" -name '*.go' ! -name '*_test.go' -exec sed 's|^[[:space:]]*//.*||' {} + >code
  grep -q 'HostnameKey = AnnotationKeyPrefix + "hostname"' code
  grep -oE '"external-dns[a-z.]*kubernetes\.io/' code | sort -u | tr -d '"'
}
for module in sigs.k8s.io/external-dns@v0.21.0 sigs.k8s.io/external-dns@v0.22.0; do
  echo "${module#*@} reads $(read_by "$module")"
done | tee seen
printf '%s\n' 'v0.21.0 reads external-dns.alpha.kubernetes.io/' 'v0.22.0 reads external-dns.kubernetes.io/' | cmp - seen
