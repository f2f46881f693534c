# The obvious script: kubectl's own diff of every folder. Takes FOLDER, a checkout, and KUBECONFIG.
set -eu
for cluster in staging production; do
  for service in api payment worker; do
    kubectl --context "$cluster" diff --kustomize "$FOLDER/environments/$cluster/$service"
  done
done
