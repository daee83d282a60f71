"""A small client of the API, written from its documentation page and nothing else: python3 client.py ADDRESS

Follows links from /api/index.json to every build, checks each list's sha256, and recomputes what it can.
Prints one JSON object: what it found.
"""

import hashlib
import json
import sys
import urllib.request


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def main(address):
    index = json.loads(get(address + "/api/index.json"))
    assert index["version"] == 1

    lists = {}
    for endpoint in index["endpoints"]:
        if "sha256" not in endpoint:
            continue
        data = get(endpoint["url"])
        assert hashlib.sha256(data).hexdigest() == endpoint["sha256"], endpoint["name"]
        assert len(data) == endpoint["size"], endpoint["name"]
        if endpoint["url"].endswith(".json"):
            lists[endpoint["name"]] = json.loads(data)

    changes = []
    for month in index["changes"]:
        data = get(month["url"])
        assert hashlib.sha256(data).hexdigest() == month["sha256"]
        changes += json.loads(data)["changes"]

    table = lists["specs"]
    words, columns = table["words"], table["columns"]
    rows = [
        {
            "hash": columns["hash"][row],
            "name": words["package"][columns["package"][row]],
            "version": words["version"][columns["version"][row]],
            "target": words["target"][columns["target"][row]],
            "size": columns["size"][row],
        }
        for row in range(table["builds"])
    ]

    downloads = 0
    for row in rows:
        spec = json.loads(get(index["links"]["spec"].replace("{hash}", row["hash"])))
        assert spec["build"]["name"] == row["name"] and spec["build"]["version"] == row["version"]
        assert spec["build"]["tarball"]["size"] == row["size"]
        if "tarball" in spec["links"]:
            tarball = get(spec["links"]["tarball"])
            assert "sha256:" + hashlib.sha256(tarball).hexdigest() == spec["build"]["tarball"]["digest"]
            downloads += 1

    packages = {}
    for package in lists["packages"]["packages"]:
        document = json.loads(get(lists["packages"]["links"]["package"].replace("{name}", package["name"])))
        assert len(document["builds"]) == package["builds"]
        packages[package["name"]] = [build["hash"] for build in document["builds"]]

    seed = json.loads(get(address + "/manifest/"))
    print(
        json.dumps(
            {
                "counts": index["counts"],
                "builds": sorted(row["hash"] for row in rows),
                "packages": sorted(hash for hashes in packages.values() for hash in hashes),
                "added": sorted(change["hash"] for change in changes if change["change"] == "added"),
                "downloads": downloads,
                "seed": len(seed["packages"]),
            }
        )
    )


main(sys.argv[1].rstrip("/"))
