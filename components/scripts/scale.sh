# Sets how many pods each Deployment of a tenant has, through the Kubernetes API; safe to run again.
# DEPLOYMENTS holds `name=replicas` pairs. Whoever runs this may do nothing else than scale just these. With FROM_ZERO
# those that are to have pods, and have some, stay as they are; with MAY_MISS one that is not there is no failure. While the Job AFTER_JOB runs,
# which has stopped pods to update modules, it waits.
command -v curl >/dev/null || { echo "the operations image lacks curl" >&2; exit 1; }
api=${KUBERNETES_API:-https://kubernetes.default.svc}
ask() {
  # The token comes from a file, so that no list of processes shows it.
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 30 \
    --cacert "$ACCESS/ca.crt" --header @<(printf 'Authorization: Bearer %s' "$(cat "$ACCESS/token")") \
    --request "$@" "$api/apis/$asked"
}
if [ -n "${AFTER_JOB:-}" ]; then
  asked=batch/v1/namespaces/$NAMESPACE/jobs/$AFTER_JOB
  while :; do
    failed=0
    said=$(ask GET --write-out '\n%{response_code}') || failed=$?
    [ "${said##*$'\n'}" != 404 ] || break
    [ "$failed" = 0 ] || { echo "${said%$'\n'*}" >&2; exit "$failed"; }
    jq -e 'any(.status.conditions // [] | .[]; (.type == "Complete" or .type == "Failed") and .status == "True")' \
      <<<"${said%$'\n'*}" >/dev/null || { sleep "${PAUSE_SECONDS:-10}"; continue; }
    break
  done
fi
for each in $DEPLOYMENTS; do
  name=${each%%=*} replicas=${each##*=}
  asked=apps/v1/namespaces/$NAMESPACE/deployments/$name/scale?fieldManager=${MANAGER:-costack-sleep}
  if [ -n "${FROM_ZERO:-}" ] && [ "$replicas" != 0 ]; then
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
