#!/usr/bin/env bash
# Adds a build cache to the Spack on PATH and trusts its key: use.sh URL [NAME [FINGERPRINT]].
set -euo pipefail

url=${1:?expected the address of a build cache, such as https://owner.github.io/repo}
url=${url%/}
name=${2:-build-cache}
fingerprint=$(tr -d ' ' <<<"${3:-}" | tr '[:lower:]' '[:upper:]')

fail() {
  echo "error: $1" >&2
  exit 1
}

fetch() {
  curl --fail --silent --show-error --location --retry 3 --max-time 60 "$1" || fail "$1: cannot be fetched"
}

command -v spack >/dev/null || fail 'spack is not on PATH: install it first, 1.0 or newer'
fetch "$url/v3/layout.json" >/dev/null
# Spack's own list of keys: a cache without one is not signed.
keys=$(curl --silent --location --retry 3 --max-time 60 --output /dev/null --write-out '%{http_code}' \
  "$url/v3/manifests/key/keys.manifest.json") || fail "$url: cannot be reached"

if [[ $keys == 404 ]]; then
  [[ -z $fingerprint ]] || fail "$url: expected a cache signed with $fingerprint, found one that is not signed"
  spack mirror add --type binary --unsigned "$name" "$url"
  echo "$url is used as $name; it is not signed"
  exit
fi

if [[ -z $fingerprint ]]; then
  spack mirror add --type binary "$name" "$url"
  spack buildcache keys --install --trust
else
  # This key alone is trusted, whatever else the cache offers.
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  fetch "$url/keys/$fingerprint.asc" >"$folder/key.asc"
  found=$(GNUPGHOME="$folder" gpg --batch --with-colons --show-keys "$folder/key.asc" | awk -F: '$1 == "fpr" { print $10 }')
  [[ $'\n'$found$'\n' == $'\n'"$fingerprint"$'\n'* ]] ||
    fail "$url/keys/$fingerprint.asc: expected the key $fingerprint, found ${found:-none}"
  spack gpg trust "$folder/key.asc"
  spack mirror add --type binary "$name" "$url"
fi
echo "$url is used as $name; its binaries are checked against its key"
