# Sets how many pods each Deployment of a tenant has, through the Kubernetes API; safe to run again.
# DEPLOYMENTS holds `name=replicas` pairs. Whoever runs this may do nothing else than scale just these. With FROM_ZERO
# those that have pods stay as they are; with MAY_MISS one that is not there is no failure.
command -v curl >/dev/null || { echo "the operations image lacks curl" >&2; exit 1; }
api=${KUBERNETES_API:-https://kubernetes.default.svc}
ask() {
  # The token comes from a file, so that no list of processes shows it.
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 30 \
    --cacert "$ACCESS/ca.crt" --header @<(printf 'Authorization: Bearer %s' "$(cat "$ACCESS/token")") \
    --request "$@" "$api/apis/apps/v1/namespaces/$NAMESPACE/deployments/$name/scale?fieldManager=${MANAGER:-costack-sleep}"
}
for each in $DEPLOYMENTS; do
  name=${each%%=*} replicas=${each##*=}
  if [ -n "${FROM_ZERO:-}" ]; then
    there=$(ask GET | jq '.spec.replicas // 0')
    [ "$there" = 0 ] || { echo "$name: has $there pods"; continue; }
  fi
  failed=0
  said=$(ask PATCH --header 'Content-Type: application/merge-patch+json' --data "{\"spec\":{\"replicas\":$replicas}}" \
    --write-out '\n%{response_code}') || failed=$?
  echo "${said%$'\n'*}" >&2
  if [ "$failed" != 0 ]; then
    [ -n "${MAY_MISS:-}" ] && [ "${said##*$'\n'}" = 404 ] || exit "$failed"
    echo "$name: is not there"
    continue
  fi
  echo "$name: $replicas pods wanted"
done
