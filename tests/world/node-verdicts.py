"""Verdicts of a real Spack on nodes of build caches. Run with `spack python node-verdicts.py FILE`.

Reads JSON lines {"id": N, "text": "<a node as JSON text>"} and writes {"id": N, "accepts": bool, "reason": str}.
A node is accepted when an index with it is read (`Database._read_from_file`), a spec file with it is read
(`Spec.from_dict`), the spec can be listed (`spack buildcache list -lv`), is concrete, is the node that was written
(`Spec.to_node_dict`), and the text that is listed selects it. {"index": "<text of an index>"} asks whether all of it
is read and listed. {"version": V, "ranges": R} asks whether `@=V` satisfies `@R`; the reason says when Spack refuses
one of them. {"describe": [node, its dependencies ...]} asks for the texts of a spec: how it is written into an image, and listed.
"""
import io
import json
import pathlib
import re
import signal
import sys
import tempfile

import spack.binary_distribution as bindist
import spack.cmd
import spack.spec
import spack.version
from spack.spec import Spec

FOLDER = pathlib.Path(tempfile.mkdtemp())
FLAGS = ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")


def stub(name, hash_):
    return {
        "name": name,
        "version": "1.0",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
        "namespace": "builtin",
        "parameters": {"build_system": "generic"},
        "package_hash": "a" * 52,
        "annotations": {"original_specfile_version": 5},
        "hash": hash_,
    }


def stubs_of(node):
    found = {}
    own = node.get("hash")
    dependencies = node.get("dependencies", [])
    named = [d for d in dependencies if isinstance(d, dict)] if isinstance(dependencies, list) else []
    if isinstance(node.get("build_spec"), dict):
        named.append(node["build_spec"])
    for d in named:
        name, hash_ = d.get("name"), d.get("hash")
        if isinstance(name, str) and isinstance(hash_, str) and hash_ != own:
            found[hash_] = stub(name, hash_)
    return list(found.values())


def read_index(text):
    file = FOLDER / "index.json"
    file.write_text(text, encoding="utf-8")
    database = bindist.BuildCacheDatabase(str(FOLDER))
    database._read_from_file(file)
    return [record.spec for record in database._data.values()]


def index_text(nodes):
    installs = {n["hash"]: {"spec": n, "ref_count": 0, "in_buildcache": True} for n in nodes}
    return json.dumps({"database": {"version": "8", "installs": installs}})


def show(specs):
    """Does with the specs of an index what `spack buildcache list -lv --allarch` does."""
    out = io.StringIO()
    for spec in specs:
        if isinstance(spec.versions[0], spack.version.GitVersion):
            # Spack clones the package's repository to compare a git version.
            assert spec.versions[0].std_version is not None, "a version that is looked up in git"
        str(spec)
    arguments = type("Arguments", (), {})()
    for key in ("paths", "deps", "show_flags", "show_full_compiler", "namespaces", "tags", "groups", "very_long",
                "show_concretized", "install_status", "implicits", "explicit", "missing"):
        setattr(arguments, key, False)
    arguments.long = arguments.variants = arguments.groups = True
    sorted(specs)
    spack.cmd.display_specs(specs, arguments, output=out, all_headers=True)
    out.getvalue().encode("utf-8")


def plain(node):
    """Returns the parts of a node that its reader uses, without the order of its lists."""
    parameters = {
        name: value if name in FLAGS or not isinstance(value, list) else sorted(set(map(json.dumps, value)))
        for name, value in (node.get("parameters") or {}).items()
    }
    arch = dict(node["arch"])
    target = arch["target"]
    arch["target"] = target if isinstance(target, str) else target["name"]
    external = node.get("external")
    result = {
        "name": node["name"],
        "version": node["version"],
        "arch": {key: arch[key] for key in ("platform", "platform_os", "target")},
        "namespace": node.get("namespace"),
        "parameters": parameters,
        "package_hash": node.get("package_hash"),
        "external": external and {"path": external["path"], "module": external["module"] or None,
                                  "extra_attributes": external.get("extra_attributes") or {}},
        "dependencies": sorted(
            json.dumps([d["name"], d["hash"], sorted(set(d["parameters"]["deptypes"])), sorted(set(d["parameters"]["virtuals"]))])
            for d in node.get("dependencies") or []
        ),
        "patches": node.get("patches") or None,
        "version_of_file": node.get("annotations", {"original_specfile_version": 5})["original_specfile_version"],
        "compiler": node.get("annotations", {}).get("compiler"),
        "build_spec": (node.get("build_spec") or {}).get("hash"),
    }
    return result


def from_spec(spec):
    node = json.loads(json.dumps(spec.to_node_dict()))
    compiler = spec.annotations.compiler_node_attribute
    node.setdefault("annotations", {})["original_specfile_version"] = spec.annotations.original_spec_format
    if compiler is not None:
        node["annotations"]["compiler"] = "(present)"
    return node


def verdict(text):
    node = json.loads(text)
    others = stubs_of(node)
    specs = read_index(index_text([json.loads(text)] + others))
    spec = next(s for s in specs if s.dag_hash() == node["hash"])
    show(specs)
    file = {"spec": {"_meta": {"version": 5}, "nodes": [json.loads(text)] + others}}
    from_file = Spec.from_dict(file)
    show([from_file])
    assert spec.concrete and from_file.concrete, "not concrete"
    wanted, found = plain(json.loads(text)), plain(from_spec(from_file))
    if wanted["compiler"] is not None:
        wanted["compiler"] = "(present)"
    for d in node.get("dependencies") or []:
        assert Spec(d["name"]).name == d["name"], "a dependency that cannot be named"
        assert isinstance(d["parameters"]["virtuals"], list), "misread: virtuals"
    for key, value in wanted.items():
        assert json.dumps(value, sort_keys=True) == json.dumps(found[key], sort_keys=True), f"misread: {key}"
    listed = from_file.format("{name}{@versions}{compiler_flags}{variants}{namespace=namespace}{/hash}")
    assert "\n" not in listed, "listed on several lines"
    for part in ("{name}{@versions}{variants}", "{name}{@versions}{ platform=architecture.platform}{ os=architecture.os}{ target=architecture.target}"):
        # Patches are listed by their first characters.
        written = re.sub(r" patches:?=\S+", "", from_file.format(part))
        parsed = spack.spec.Spec(written)
        assert from_file.satisfies(parsed), f"the listed text does not select it: {written[:200]}"
    path = spec.format_path("{name}-{version}-{hash}")
    assert "/" not in path, "its file would be in a folder"


#: Time limit for one question in seconds: some texts take Spack's tokenizer forever.
LIMIT = 20


def give_up(*_):
    raise TimeoutError(f"no answer within {LIMIT} s")


def main():
    signal.signal(signal.SIGALRM, give_up)
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").split("\n")[:-1]:
        query = json.loads(line)
        answer = {"id": query["id"], "accepts": True, "reason": ""}
        signal.alarm(LIMIT)
        try:
            if "index" in query:
                show(read_index(query["index"]))
            elif "ranges" in query:
                version = query["version"]
                is_git = spack.version.is_git_version(version)
                asked = Spec(f"x@{query['ranges']}")
                assert asked.name == "x" and not asked.variants and not asked.abstract_hash, "more than versions"
                answer["accepts"] = Spec(f"x@{'' if is_git else '='}{version}").satisfies(asked)
            elif "describe" in query:
                spec = Spec.from_dict({"spec": {"_meta": {"version": 5}, "nodes": query["describe"]}})
                answer["texts"] = [spec.format(), spec.format(spack.spec.DISPLAY_FORMAT)]
            else:
                verdict(query["text"])
        except (Exception, SystemExit, RecursionError) as error:
            answer = {"id": query["id"], "accepts": False, "reason": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), file=answers, flush=True)


main()
