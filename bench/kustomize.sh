# The obvious loop: every overlay by itself, one a processor. Takes FOLDER, a checkout.
set -eu
grep -l '^images:' "$FOLDER"/production/*/kustomization.yaml | xargs -P2 -n1 dirname | xargs -P2 -n1 kubectl kustomize
