"""A small client of the API, written only from its documentation page: python3 client.py ADDRESS

Begins at /api/index.json and follows links from there: checks the signature of the index with gpg, the sha256 of each
list, and each tarball; goes through packages, programs, environments and the months. Prints one JSON object: what it
found.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def get_json(url):
    return json.loads(get(url))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read_lists(index):
    """Returns every list in the index, checked against its sha256 and size."""
    lists = {}
    for endpoint in index["endpoints"]:
        if "sha256" not in endpoint:
            continue
        data = get(endpoint["url"])
        assert sha256(data) == endpoint["sha256"], endpoint["name"]
        assert len(data) == endpoint["size"], endpoint["name"]
        if endpoint["url"].endswith(".json"):
            lists[endpoint["name"]] = json.loads(data)
    return lists


def verify_index(index, data, keys):
    """Returns the fingerprint of the key that signed the index, from gpg; none for a cache without a key."""
    if "signature" not in index["links"]:
        return None
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "GNUPGHOME": home}
        for key in keys["keys"]:
            subprocess.run(["gpg", "--batch", "-q", "--import"], input=get(key["url"]), env=environment, check=True)
        paths = [os.path.join(home, name) for name in ("index.json.asc", "index.json")]
        for path, content in zip(paths, [get(index["links"]["signature"]), data]):
            with open(path, "wb") as file:
                file.write(content)
        command = ["gpg", "--batch", "-q", "--status-fd", "1", "--verify", *paths]
        status = subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()
        subprocess.run(["gpgconf", "--kill", "all"], env=environment)
    return status.split("VALIDSIG ")[1].split()[0]


def read_rows(table):
    """Converts the columns of specs.json to one dictionary per build."""
    words, columns = table["words"], table["columns"]
    return [
        {
            "hash": columns["hash"][row],
            "name": words["package"][columns["package"][row]],
            "version": words["version"][columns["version"][row]],
            "target": words["target"][columns["target"][row]],
            "size": columns["size"][row],
        }
        for row in range(table["builds"])
    ]


def read_changes(index):
    """Returns builds added and removed, each the oldest first: a month links to the previous one, from the newest."""
    changes = {"added": [], "removed": []}
    months = index["changes"]
    for month in months:
        data = get(month["url"])
        assert sha256(data) == month["sha256"]
    url = months[0]["url"] if months else None
    followed = 0
    while url:
        document = get_json(url)
        changes = {kind: document[kind] + later for kind, later in changes.items()}
        url = document["links"].get("previous")
        followed += 1
    assert followed == len(months)
    for kind in changes.values():
        assert [change["date"] for change in kind] == sorted(change["date"] for change in kind)
    return changes


def main(address):
    data = get(address + "/api/index.json")
    index = json.loads(data)
    assert index["version"] == 1
    lists = read_lists(index)
    changes = read_changes(index)
    rows = read_rows(lists["specs"])

    downloads = 0
    shipping = {}
    for row in rows:
        spec = get_json(index["links"]["spec"].replace("{hash}", row["hash"]))
        assert spec["build"]["name"] == row["name"] and spec["build"]["version"] == row["version"]
        assert spec["build"]["tarball"]["size"] == row["size"]
        for program in spec["build"]["contents"]["programs"]:
            shipping.setdefault(program, set()).add(row["name"])
        if spec["state"] == "site":
            digest = spec["build"]["tarball"]["digest"].removeprefix("sha256:")
            template = index["links"]["tarball"]
            tarball = get(template.replace("{digest:2}", digest[:2]).replace("{digest}", digest))
            assert "sha256:" + sha256(tarball) == spec["build"]["tarball"]["digest"]
            downloads += 1

    packages = {}
    for package in lists["packages"]["packages"]:
        document = get_json(lists["packages"]["links"]["package"].replace("{name}", package["name"]))
        assert len(document["builds"]) == package["builds"]
        packages[package["name"]] = [build["hash"] for build in document["builds"]]

    # The list of programs agrees with the builds.
    programs = {entry["name"]: set(entry["packages"]) for entry in lists["programs"]["programs"]}
    assert programs == shipping

    here = {row["hash"] for row in rows}
    environments = {}
    for environment in lists["environments"]["environments"]:
        document = get_json(environment["links"]["environment"])
        coverage = document["coverage"]
        assert coverage["available"] + len(coverage["missing"]) == coverage["needed"]
        assert not here & {spec["hash"] for spec in coverage["missing"]}
        assert all(root["available"] == (root["hash"] in here) for root in document["roots"])
        environments[document["name"]] = coverage["percent"]

    # A tag has one image per platform.
    containers = lists["containers"]["containers"]
    places = [(tag, image["os"], image["architecture"]) for image in containers for tag in image["tags"]]
    assert len(places) == len(set(places))

    try:
        get(index["links"]["spec"].replace("{hash}", "a" * 32))
        raise AssertionError("expected status 404 for a build that is not here")
    except urllib.error.HTTPError as error:
        assert error.code == 404

    seed = get_json(address + "/manifest/")
    print(
        json.dumps(
            {
                "counts": index["counts"],
                "signer": verify_index(index, data, lists["keys"]),
                "builds": sorted(row["hash"] for row in rows),
                "packages": sorted(hash for hashes in packages.values() for hash in hashes),
                "programs": len(programs),
                "environments": environments,
                "containers": sorted(image["digest"] for image in containers),
                "added": sorted(change["hash"] for change in changes["added"]),
                "removed": sorted(change["hash"] for change in changes["removed"]),
                "downloads": downloads,
                "seed": len(seed["packages"]),
            }
        )
    )


main(sys.argv[1].rstrip("/"))
