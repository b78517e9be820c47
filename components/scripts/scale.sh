# Sets how many pods each Deployment of a tenant has, through the Kubernetes API; safe to run again.
# DEPLOYMENTS holds `name=replicas` pairs. Whoever runs this may do nothing else than scale just these.
command -v curl >/dev/null || { echo "the operations image lacks curl" >&2; exit 1; }
api=${KUBERNETES_API:-https://kubernetes.default.svc}
for each in $DEPLOYMENTS; do
  name=${each%%=*} replicas=${each##*=}
  # The token comes from a file, so that no list of processes shows it.
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 30 \
    --cacert "$ACCESS/ca.crt" --header @<(printf 'Authorization: Bearer %s' "$(cat "$ACCESS/token")") \
    --header 'Content-Type: application/merge-patch+json' --request PATCH \
    --data "{\"spec\":{\"replicas\":$replicas}}" --output /dev/stderr \
    "$api/apis/apps/v1/namespaces/$NAMESPACE/deployments/$name/scale?fieldManager=costack-sleep"
  echo "$name: $replicas pods wanted"
done
