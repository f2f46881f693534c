# The obvious script: what runs in both clusters, and where the branch is. Takes URL and KUBECONFIG.
set -eu
for cluster in staging production; do
  kubectl --context "$cluster" get deployments --all-namespaces --output wide
done
git ls-remote "$URL" main
