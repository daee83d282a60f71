"""Describes a recipe and its deprecated versions as plain data."""

import io
import re
import tokenize

import spack.repo

CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)
MAX_SOURCE = 2_000_000


def describe_package(recipe):
    """Describes a package. Recipes are untrusted: values that are not text are left out."""
    licenses = getattr(recipe, "licenses", {}) or {}
    return {
        "name": recipe.name,
        "description": " ".join((recipe.__doc__ or "").split()),
        "homepage": str(getattr(recipe, "homepage", "") or ""),
        "licenses": sorted({str(one) for one in licenses.values()}),
        "maintainers": [str(one) for one in getattr(recipe, "maintainers", [])],
        "tags": sorted(str(one) for one in getattr(recipe, "tags", []) or []),
    }


def deprecated_versions(recipe):
    """Returns the deprecated versions of a recipe, the newest first: [{version, reason, severity, cves}]."""
    marked = {v: f for v, f in recipe.versions.items() if is_deprecated(f)}
    if not marked:
        return []
    beside = cves_beside_versions(read_source(recipe))
    return [describe_deprecation(v, marked[v], beside) for v in sorted(marked, reverse=True)]


def is_deprecated(facts):
    return bool(facts.get("deprecated", False))


def describe_deprecation(version, facts, beside):
    """Describes one deprecation. Recipes write `deprecated=True`; in a newer Spack it may be a text or have fields."""
    value = facts.get("deprecated")
    text = value if isinstance(value, str) else field(value, "reason")
    reason = str(text or facts.get("deprecated_reason") or "")
    severity = str(field(value, "severity") or facts.get("deprecated_severity") or "")
    ids = field(value, "cves") or facts.get("cves") or []
    ids = [ids] if isinstance(ids, str) else list(ids)
    cves = {one.upper() for one in CVE.findall(" ".join([reason, *map(str, ids)]))}
    return {
        "version": str(version),
        "reason": reason,
        "severity": severity,
        "cves": sorted(cves.union(beside.get(str(version), []))),
    }


def field(value, name):
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def read_source(recipe):
    try:
        with open(spack.repo.PATH.filename_for_package_name(recipe.fullname), encoding="utf-8") as f:
            return f.read(MAX_SOURCE)
    except (OSError, UnicodeDecodeError, spack.repo.RepoError):
        return ""


def cves_beside_versions(source):
    """
    Returns the CVE ids in comments above `version(...)` statements, keyed by version. A comment applies to the versions
    below it, up to the next comment or another statement.
    """
    found = {}
    current, is_block_open = set(), False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return found
    for index, token in enumerate(tokens):
        if token.type == tokenize.COMMENT:
            # A comment after a statement on the same line applies only to that statement.
            ids = {one.upper() for one in CVE.findall(token.string)}
            current = current | ids if is_block_open else ids
            is_block_open = True
        elif starts_statement(tokens, index):
            is_block_open = False
            if token.string == "version" and tokens[index + 1].string == "(":
                name = first_string(tokens, index + 2)
                if current:
                    found.setdefault(name, set()).update(current)
            elif token.string != "with":
                current = set()
    return {name: sorted(ids) for name, ids in found.items()}


def first_string(tokens, index):
    while index < len(tokens) - 1 and tokens[index].type in (tokenize.NL, tokenize.COMMENT):
        index += 1
    return tokens[index].string.strip("\"'")


def starts_statement(tokens, index):
    """Whether a statement begins at a token: the token before it ends a line, or begins or ends a block."""
    token = tokens[index]
    if token.type != tokenize.NAME or index == 0:
        return False
    skipped = (tokenize.NL, tokenize.COMMENT)
    before = index - 1
    while before > 0 and tokens[before].type in skipped:
        before -= 1
    ends = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return tokens[before].type in ends
