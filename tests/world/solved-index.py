"""Writes indexes of build caches with specs that this Spack has concretized, without building anything.

Run by Spack: `spack python solved-index.py QUESTION`. QUESTION is [{"out": file, "specs": [text], "change": name}]. A change
turns the concretized specs into other builds with other hashes, as if from another machine or an older recipe.
"""

import json
import sys
import tempfile

import spack.binary_distribution as bindist
import spack.concretize
import spack.spec
import spack.vendor.archspec.cpu as cpu
import spack.version


def main(question_file):
    with open(question_file, encoding="utf-8") as f:
        caches = json.load(f)
    for cache in caches:
        specs = [changed(spack.concretize.concretize_one(text), cache.get("change")) for text in cache["specs"]]
        with tempfile.TemporaryDirectory() as root:
            database = bindist.BuildCacheDatabase(root)
            for spec in specs:
                for node in spec.traverse(order="post"):
                    database.add(node)
                    if not node.external:
                        database.mark(node, "in_buildcache", True)
            with open(cache["out"], "w", encoding="utf-8") as f:
                database._write_to_file(f)


def changed(spec, change):
    if change is None:
        return spec
    spec = spec.copy()
    for node in spec.traverse():
        if change == "libc" and node.name == "glibc":
            node.versions = spack.version.VersionList([spack.version.from_string("=9.9")])
        elif node.external:
            continue
        elif change == "os":
            node.architecture.os = "ubuntu99.04"
        elif change == "target":
            family = str(node.architecture.target.family)
            node.architecture.target = cpu.TARGETS["zen3" if family == "aarch64" else "neoverse_v1"]
        elif change == "recipe":
            node._package_hash = "a" * 52
    for node in spec.traverse():
        node._hash = None
    return spec


main(*sys.argv[1:])
