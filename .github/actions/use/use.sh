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

# Redirects must use HTTPS, too; plain HTTP is only for tests on this machine.
schemes='=https'
fetch() {
  curl --fail --silent --show-error --location --proto "$schemes" --retry 3 --max-time 60 "$1" ||
    fail "$1: cannot be fetched"
}

[[ $url =~ ^https://[^[:space:]]+$ || $url =~ ^http://(localhost|127\.0\.0\.1)[:/] ]] ||
  fail "url: expected an address such as https://owner.github.io/repo, found \"$url\""
[[ $url == https://* ]] || schemes='=http,https'
[[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
  fail "name: expected letters, digits, _, . and -, found \"$name\""
[[ -z $fingerprint || $fingerprint =~ ^([0-9A-F]{40}|[0-9A-F]{64})$ ]] ||
  fail "fingerprint: expected 40 hex digits, as the cache's page on keys shows them, found \"$fingerprint\""

command -v spack >/dev/null || fail 'spack is not on PATH: install it first, 1.0 or newer'
version=$(spack --version)
[[ ! $version =~ ^0\. ]] || fail "spack on PATH: expected 1.0 or newer, which reads such caches, found $version"
fetch "$url/v3/layout.json" >/dev/null
# Spack's own list of keys: a cache without one is not signed.
keys=$(curl --silent --location --proto "$schemes" --retry 3 --max-time 60 --output /dev/null --write-out '%{http_code}' \
  "$url/v3/manifests/key/keys.manifest.json") || fail "$url: cannot be reached"
[[ $keys == 200 || $keys == 404 ]] || fail "$url: expected its list of keys, found the answer $keys; try again"

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
  # Checks all keys in the file, since Spack would trust each.
  found=$(GNUPGHOME="$folder" gpg --batch --with-colons --show-keys "$folder/key.asc" |
    awk -F: '$1 == "pub" || $1 == "sec" { key = 1 } $1 == "fpr" && key { print $10; key = 0 }')
  [[ $found == "$fingerprint" ]] ||
    fail "$url/keys/$fingerprint.asc: expected the key $fingerprint alone, found ${found:-none}"
  spack gpg trust "$folder/key.asc"
  spack mirror add --type binary "$name" "$url"
fi
echo "$url is used as $name; its binaries are checked against its key"
