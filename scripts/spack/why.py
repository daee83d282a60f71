"""Explains, as JSON in a file, why the Spack that runs this builds a spec from source although a build cache exists.

Run by Spack: `spack [-e ENV] python why.py QUESTION OUT`. QUESTION is {"spec": text, "url": of the cache, "index": file
with its index, "keys": [fingerprints], "solver": true to try the proposed change}. The spec is concretized as this
Spack would do it; each node without a binary is compared with the builds of the cache; the change proposed for the
first cause is tried by concretizing again.

    {"seconds": [first, second], "nodes": [{"name", "version", "hash", "depth", "cached"}], "error": text,
     "causes": [{"name", "hash", "kind", "detail", "nearest": hash, "line"}], "verified": true | false | null}
"""

import collections
import contextlib
import json
import pathlib
import sys
import tempfile
import time

import spack.binary_distribution as bindist
import spack.compilers.config
import spack.concretize
import spack.config
import spack.deptypes
import spack.environment
import spack.platforms
import spack.repo
import spack.spec
import spack.util.gpg
import spack.util.libc

LANGUAGES = ("c", "cxx", "fortran")
# Order in which a build's obstacles are reported: those that no request can change come before the request's
# own.
ORDER = ("libc", "target", "os", "version", "variant", "compiler", "build-dependency", "dependency")


def main(question_file, out_file):
    with open(question_file, encoding="utf-8") as f:
        question = json.load(f)
    answer = explain(question)
    with open(out_file, "w", encoding="utf-8") as f:
        json.dump(answer, f)


def explain(question):
    builds = read_index(question["index"])
    mirror = find_mirror(question["url"])
    seen = seen_hashes() if mirror is not None else set()
    abstract = spack.spec.Spec(question["spec"])
    begin = time.time()
    missing = None
    try:
        solved, error = solve(question["spec"]), ""
    except spack.compilers.config.NoAvailableCompilerError as failure:
        solved, error, missing = None, str(failure), usual_compiler(builds)
    except Exception as failure:
        solved, error = None, " ".join(str(failure).split())[:2000]
    seconds = [round(time.time() - begin, 1)]
    nodes = [] if solved is None else [n for n in solved.traverse(deptype=("link", "run")) if not n.external]
    answer = {
        "seconds": seconds,
        "error": error,
        "nodes": [describe_node(n, builds) for n in nodes],
        "causes": [],
        "verified": None,
    }
    context = Context(question, builds, mirror, seen, abstract, solved)
    if missing is not None:
        answer.update(error="", causes=[context.compiler_cause(missing).as_json()])
    if solved is None:
        return answer
    answer["causes"] = [cause.as_json() for cause in context.causes(nodes)]
    if context.first and context.first.change and question.get("solver", True):
        begin = time.time()
        answer["verified"] = try_change(context.first, question["spec"], builds)
        seconds.append(round(time.time() - begin, 1))
    return answer


class Cause:
    def __init__(self, node, kind, detail, nearest=None, line="", change=None):
        self.node, self.kind, self.detail, self.nearest, self.line = node, kind, detail, nearest, line
        # The change to try: {"spec": another text, "config": {section: settings}}; a key with a colon
        # replaces others.
        self.change = change

    def as_json(self):
        return {
            "name": self.node.name,
            "hash": self.node.dag_hash(),
            "kind": self.kind,
            "detail": self.detail,
            "nearest": self.nearest.dag_hash() if self.nearest is not None else "",
            "line": self.line,
        }


class Context:
    def __init__(self, question, builds, mirror, seen, abstract, solved):
        self.spec, self.url, self.keys = question["spec"], question["url"], set(question["keys"])
        self.builds, self.mirror, self.seen = builds, mirror, seen
        self.abstract, self.solved, self.first = abstract, solved, None
        self.by_name = {}
        for spec in builds.values():
            self.by_name.setdefault(spec.name, []).append(spec)
        self.asked = {}
        # Constraints after a % apply only to that node, see `violations`.
        for part in [abstract, *(e.spec for e in abstract.edges_to_dependencies() if not is_direct(e))]:
            if part.name:
                self.asked.setdefault(part.name, []).append(part)

    def causes(self, nodes):
        found = []
        for node in nodes:
            cause = self.cause_of(node)
            if cause is not None:
                found.append(cause)
        self.first = found[0] if found else None
        return found

    def cause_of(self, node):
        if node.dag_hash() in self.builds:
            return self.cause_of_hit(node)
        candidates = self.by_name.get(node.name, [])
        if not candidates:
            line = f"gh workflow run manual.yml -f specs='{self.spec}'"
            return Cause(node, "not-in-cache", "the cache has no build of this package", None, line)
        ranked = sorted(((self.obstacles(node, c), c) for c in candidates), key=lambda pair: self.rank(node, *pair))
        obstacles, nearest = ranked[0]
        if obstacles:
            return self.obstacle_cause(node, obstacles[0], nearest)
        if nearest.dag_hash() not in self.seen:
            return self.index_cause(node, nearest)
        return self.setting_cause(node, nearest)

    def rank(self, node, obstacles, candidate):
        return (len(obstacles), [ORDER.index(kind) for kind, _, _ in obstacles], len(differences(node, candidate)))

    def cause_of_hit(self, node):
        if node.installed:
            return None
        if node.dag_hash() not in self.seen:
            return self.index_cause(node, node)
        if self.mirror.signed and self.keys and not self.keys.intersection(trusted_keys()):
            detail = f"its mirror is signed, and none of its keys is trusted ({', '.join(sorted(self.keys))})"
            return Cause(node, "key", detail, node, "spack buildcache keys --install --trust")
        return None

    def compiler_cause(self, compiler):
        """Spack solves nothing on a machine without a compiler, but installs one by its hash."""
        cause = self.cause_of_hit(compiler)
        if cause is not None:
            return cause
        short = "/" + compiler.dag_hash()[:7]
        install = "" if compiler.installed else f"spack install --use-buildcache only {short} && "
        line = f'{install}spack compiler find "$(spack location -i {short})"'
        detail = "this Spack has no compiler, and finds no solution without one; the cache has this one"
        return Cause(compiler, "compiler", detail, compiler, line)

    def index_cause(self, node, nearest):
        change = {"config": {"mirrors": {"build-cache": {"url": self.url, "binary": True, "source": False, "signed": False}}}}
        if self.mirror is None:
            signed = "" if self.keys else " --unsigned"
            line = f"spack mirror add --type binary{signed} build-cache {self.url}"
            return Cause(node, "index", "no mirror of this Spack has the cache's address", nearest, line, change)
        if not self.seen:
            detail = "its mirror is configured, but this Spack has read no index of it"
        else:
            detail = "the index that this Spack has read does not list it: it is older, or belongs to a view"
        return Cause(node, "index", detail, nearest, "spack clean --misc-cache && spack buildcache list --allarch")

    def setting_cause(self, node, nearest):
        reuse = spack.config.get("concretizer:reuse", False)
        what = reuse_problem(reuse, node, node is self.solved)
        if what is None:
            if node is not self.solved:
                return Cause(node, "follows", "the build here would do: the difference follows from its dependents", nearest)
            detail = "nothing rules this build out, but for the whole request the solver preferred another"
            line = f"spack install {node.name}/{nearest.dag_hash()[:7]}"
            return Cause(node, "other", detail, nearest, line, {"spec": f"{node.name}/{nearest.dag_hash()}"})
        kinds = differences(node, nearest)
        # `spack config add` accepts only a word here: it would turn {from: [...]} into other keys.
        line = "spack config add concretizer:reuse:true"
        change = {"config": {"concretizer": {"reuse:": True}}}
        if kinds == ["recipe"]:
            detail = f"its recipe differs from that of the build here, and {what}"
            return Cause(node, "recipe", detail, nearest, line, change)
        return Cause(node, "reuse", what, nearest, line, change)

    def obstacle_cause(self, node, obstacle, nearest):
        kind, detail, source = obstacle
        if kind == "libc":
            line = "gh workflow run manual.yml -f specs='%s' -f target=NAME" % self.spec
            return Cause(node, kind, f"{detail}; the cache's owner can build it for an older system", nearest, line)
        if source == "host":
            line = "gh workflow run manual.yml -f specs='%s' -f target=NAME" % self.spec
            return Cause(node, kind, f"{detail}; the cache's owner can add a target for it", nearest, line)
        if source.startswith("config "):
            path = source[len("config ") :]
            return Cause(node, kind, detail, nearest, f"spack config rm {path}", {"config": without_requirement(path)})
        if source == "recipe":
            line = f"gh workflow run manual.yml -f specs='{self.spec}'"
            return Cause(node, kind, f"{detail}; the cache's owner can build one that fits", nearest, line)
        text = without(self.abstract, source, kind)
        return Cause(node, kind, detail, nearest, f"spack install {text}", {"spec": text})

    def obstacles(self, node, candidate):
        """Returns [(kind, detail, source)]: why a build cannot replace a node. Sources: spec part, config path, host, recipe."""
        found = list(host_obstacles(candidate))
        for part in self.asked.get(node.name, []):
            found += [(kind, f"asked for {text}; the build has {has}", part.name) for kind, text, has in
                      violations(part, candidate)]
        for path, constraint in requirements(node.name):
            found += [(kind, f"{path} wants {text}; the build has {has}", f"config {path}") for kind, text, has in
                      violations(constraint, candidate)]
        if node is self.solved:
            for name, parts in self.asked.items():
                if name != node.name and name in candidate:
                    for part in parts:
                        found += [(kind, f"asked for {name}: {text}; the build was made with {has}", name)
                                  for kind, text, has in violations(part, candidate[name])]
        found += list(recipe_obstacles(node, candidate))
        return sorted(found, key=lambda one: ORDER.index(one[0]))


def solve(text):
    environment = spack.environment.active_environment()
    if environment is not None:
        for _, concrete in environment.concretized_specs():
            if concrete.satisfies(text):
                return concrete
    return spack.concretize.concretize_one(text)


def try_change(cause, text, builds):
    """Whether the node comes from the cache after the proposed change."""
    try:
        with contextlib.ExitStack() as stack:
            if "config" in cause.change:
                scope = spack.config.InternalConfigScope("why", cause.change["config"])
                stack.enter_context(spack.config.override(scope))
            seen_hashes()
            solved = spack.concretize.concretize_one(cause.change.get("spec", text))
        node = next((n for n in solved.traverse() if n.name == cause.node.name), None)
        return node is not None and node.dag_hash() in builds
    except Exception as error:
        print(f"the change was not accepted: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
        return False


def usual_compiler(builds):
    """Returns the compiler of most builds in the cache that runs here, or None if it has none."""
    used = collections.Counter(d.dag_hash() for s in builds.values() for d in s.dependencies(virtuals=LANGUAGES))
    compilers = [s for s in builds.values() if is_compiler_name(s.name) and not any(host_obstacles(s))]
    return max(compilers, key=lambda s: (used[s.dag_hash()], s.version), default=None)


def read_index(index):
    with tempfile.TemporaryDirectory() as root:
        database = bindist.BuildCacheDatabase(root)
        database._read_from_file(pathlib.Path(index))
        return {h: record.spec for h, record in database._data.items() if record.in_buildcache}


def find_mirror(url):
    import spack.mirrors.mirror

    for mirror in spack.mirrors.mirror.MirrorCollection(binary=True).values():
        if mirror.fetch_url.rstrip("/") == url.rstrip("/"):
            return mirror
    return None


def seen_hashes():
    return {spec.dag_hash() for spec in bindist.update_cache_and_get_specs()}


def trusted_keys():
    try:
        return set(spack.util.gpg.public_keys())
    except Exception:  # no gpg, no keys
        return set()


def reuse_problem(reuse, node, is_root):
    """Returns the reason why the setting excludes builds of a cache, or None."""
    if reuse is False:
        return "concretizer:reuse is false"
    if reuse == "dependencies" and is_root:
        return "concretizer:reuse is dependencies, and this is the requested spec"
    if not isinstance(reuse, dict):
        return None
    if reuse.get("roots", True) is False and is_root:
        return "concretizer:reuse:roots is false, and this is the requested spec"
    sources = [one for one in reuse.get("from", [{"type": "buildcache"}]) if one["type"] == "buildcache"]
    if not sources:
        return "concretizer:reuse:from does not name buildcache"
    for source in sources:
        include = source.get("include", reuse.get("include", []))
        exclude = source.get("exclude", reuse.get("exclude", []))
        if (not include or any(node.name == spack.spec.Spec(one).name for one in include)) and not any(
            node.name == spack.spec.Spec(one).name for one in exclude
        ):
            return None
    return "include or exclude of concretizer:reuse leaves it out"


def host_obstacles(candidate):
    platform = spack.platforms.host()
    if candidate.architecture.platform != platform.name:
        yield "os", f"the build is for {candidate.architecture.platform}, this machine is {platform.name}", "host"
        return
    host = platform.target("default_target")
    if not candidate.architecture.target <= host:
        yield "target", f"the build is for {candidate.architecture.target}, this machine is {host}", "host"
    libc = spack.util.libc.libc_from_current_python_process()
    needed = next((d for d in candidate.traverse() if d.external and d.name in ("glibc", "musl")), None)
    if libc is not None and needed is not None:
        if libc.name != needed.name or libc.version < needed.version:
            yield "libc", f"the build needs {needed.name} {needed.version}, this machine has {libc}", "host"


def without_requirement(path):
    _, name, _ = path.split(":")
    own = spack.config.get("packages", {})[name]
    # The trailing colon replaces the settings of other scopes instead of adding to them.
    return {"packages": {f"{name}:": {key: value for key, value in own.items() if key != "require"}}}


def violations(constraint, candidate):
    """Yields (kind, wanted, found) for each part of a constraint that a build does not satisfy."""
    name = candidate.name
    if constraint.versions and not candidate.satisfies(f"{name}@{constraint.versions}"):
        yield "version", f"@{constraint.versions}", f"@{candidate.version}"
    for variant in constraint.variants.values():
        if not candidate.satisfies(f"{name} {variant}"):
            has = candidate.variants.get(variant.name)
            yield "variant", str(variant), str(has) if has is not None else "no such variant"
    for flag, values in constraint.compiler_flags.items():
        if values and not candidate.satisfies(f'{name} {flag}="{" ".join(values)}"'):
            yield "variant", f"{flag}={' '.join(values)}", f"{flag}={' '.join(candidate.compiler_flags.get(flag, []))}"
    architecture = constraint.architecture
    if architecture is not None:
        for kind, part in (("target", architecture.target), ("os", architecture.os)):
            if part is not None and not candidate.satisfies(f"{name} {kind}={part}"):
                yield kind, f"{kind}={part}", f"{kind}={getattr(candidate.architecture, kind)}"
    for edge in constraint.edges_to_dependencies():
        wanted = edge.spec
        if not is_direct(edge) or candidate.satisfies(f"{name} %{wanted}"):
            continue
        is_compiler = any(edge.virtuals) or is_compiler_name(wanted.name)
        direct = [d for d in candidate.dependencies() if d.name == wanted.name]
        compilers = sorted({str(d.format("{name}{@version}")) for d in candidate.dependencies(virtuals=LANGUAGES)})
        has = direct[0].format("{name}{@version}") if direct else ", ".join(compilers) if is_compiler else "none"
        yield ("compiler" if is_compiler else "build-dependency"), f"%{wanted}", has


def is_direct(edge):
    return bool(getattr(edge, "direct", False))


def is_compiler_name(name):
    try:
        return any(one.name == name for language in LANGUAGES for one in spack.repo.PATH.providers_for(language))
    except Exception:
        return False


def requirements(name):
    """Yields (path, spec) for each unconditional requirement of a package in packages.yaml."""
    packages = spack.config.get("packages", {})
    # A package's own requirements replace those of "all".
    own = packages.get(name, {}).get("require")
    path, entries = (name, own) if own else ("all", packages.get("all", {}).get("require"))
    for entry in [entries] if isinstance(entries, str) else entries or []:
        if isinstance(entry, dict):
            if "when" in entry or "spec" not in entry:
                continue
            entry = entry["spec"]
        constraint = spack.spec.Spec(entry)
        if constraint.name in (None, "", name):
            yield f"packages:{path}:require", constraint


def recipe_obstacles(node, candidate):
    """Yields the constraints in recipes of a node's dependents that a build does not satisfy."""
    for edge in node.edges_from_dependents():
        parent = edge.parent
        try:
            rules = parent.package_class.dependencies
        except Exception:
            continue
        for when, by_name in rules.items():
            rule = by_name.get(node.name) if isinstance(by_name, dict) else None
            if rule is None or not parent.satisfies(when):
                continue
            for kind, text, has in violations(rule.spec, candidate):
                only_build = not edge.depflag & (spack.deptypes.LINK | spack.deptypes.RUN)
                detail = f"the recipe of {parent.name} wants {node.name}: {text}; the build has {has}"
                yield "build-dependency" if only_build else "dependency", detail, "recipe"


def differences(node, candidate):
    """Lists the kinds of properties in which a build differs from a node."""
    kinds = []
    if node.version != candidate.version:
        kinds.append("version")
    own = {n: str(v) for n, v in node.variants.items()}
    if own != {n: str(v) for n, v in candidate.variants.items()}:
        kinds.append("variant")
    for kind in ("target", "os"):
        if str(getattr(node.architecture, kind)) != str(getattr(candidate.architecture, kind)):
            kinds.append(kind)
    compilers = lambda s: sorted(d.format("{name}{@version}") for d in s.dependencies(virtuals=LANGUAGES))
    if compilers(node) != compilers(candidate):
        kinds.append("compiler")
    if node.to_node_dict().get("package_hash") != candidate.to_node_dict().get("package_hash"):
        kinds.append("recipe")
    return kinds


def without(abstract, name, kind):
    """Returns the request's text without its constraints of one kind on a package."""
    copy = abstract.copy()
    for part in copy.traverse():
        if part.name != name:
            continue
        if kind == "version":
            part.versions = spack.spec.Spec(name).versions
        elif kind == "variant":
            part.variants.clear()
            part.compiler_flags.clear()
        elif kind in ("target", "os"):
            if kind == "target":
                part.architecture.target = None
            else:
                part.architecture.os = None
    text = str(copy)
    if kind in ("compiler", "build-dependency"):
        text = text.split("%")[0].strip()
    return text


def describe_node(node, builds):
    return {
        "name": node.name,
        "version": str(node.version),
        "hash": node.dag_hash(),
        "cached": node.dag_hash() in builds,
        "installed": bool(node.installed),
    }


main(*sys.argv[1:])
