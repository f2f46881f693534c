# The obvious script: clone, edit, commit, push and, if API is set, open a pull request.
# Takes URL, FILE, VERSION, BRANCH; with API also TOKEN. With SPARSE, FILE's folder alone is checked out.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone --quiet --depth 1 ${SPARSE:+--sparse} "$URL" "$folder"
cd "$folder"
if [ -n "${SPARSE:-}" ]; then
  git sparse-checkout set "$(dirname "$FILE")"
fi
git checkout --quiet -B "$BRANCH"
sed -i.bak "s/newTag: .*/newTag: $VERSION/" "$FILE"
git -c user.name=Ana -c user.email=ana@example.com commit --quiet --all --message "Promote to $VERSION"
git push --quiet origin "$BRANCH"
if [ -n "${API:-}" ]; then
  printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" |
    curl --config - --silent --show-error --fail --header 'Content-Type: application/json' \
      --data "{\"title\": \"Promote to $VERSION\", \"head\": \"$BRANCH\", \"base\": \"main\"}" "$API/pulls"
fi
