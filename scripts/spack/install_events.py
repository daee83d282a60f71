"""Records an installation as lines of JSON: steps as they begin and end, and errors.

Both of Spack's installers build in child processes. `record` wraps functions that both have in Spack 1.0 to 1.2, and the
first function of each child, since a spawned child has none of the parent's wrappers. A function that a version does not
have is left alone: only its steps are missing then.

    {"event": "begin" | "end", "hash": H, "step": S, "phase": P, "time": seconds since 1970}
    {"event": "error", ..., "types": [the exception's classes, its own first], "message": text}

Steps: setup, fetch, stage, patch, phase (its name is the phase), finish (hooks after the last phase), binary (download),
unpack (of a binary, with its relocation), build (the rest in the child) and task (in the parent).
"""

import functools
import json
import os
import time

import build_clock

VARIABLE = "SPACK_INSTALL_EVENTS"
MAX_MESSAGE = 4000

_file = None
_original = {}


def record(path):
    """Starts recording to a file, in this process and in those that build."""
    os.environ[VARIABLE] = path
    _wrap_steps(path)
    import spack.build_environment

    _original["old"] = spack.build_environment._setup_pkg_and_run
    spack.build_environment._setup_pkg_and_run = run_old_child
    try:
        import spack.new_installer
    except ImportError:  # Spack 1.0
        return
    _original["new"] = spack.new_installer.worker_function
    spack.new_installer.worker_function = run_new_child


def run_old_child(serialized_pkg, *args, **kwargs):
    """Runs in a child of the old installer in place of its first function."""
    import spack.build_environment

    _begin_child()
    return _original.get("old", spack.build_environment._setup_pkg_and_run)(serialized_pkg, *args, **kwargs)


def run_new_child(spec, *args, **kwargs):
    """Runs in a child of the new installer in place of its first function."""
    import spack.new_installer

    _begin_child()
    return _original.get("new", spack.new_installer.worker_function)(spec, *args, **kwargs)


def _begin_child():
    build_clock.begin()
    # Build scripts do not need it.
    path = os.environ.pop(VARIABLE, None)
    if path is not None:
        _wrap_steps(path)


def _wrap_steps(path):
    global _file
    if _file is not None:
        return
    _file = path
    import spack.binary_distribution
    import spack.build_environment
    import spack.builder
    import spack.hooks
    import spack.installer
    import spack.package_base

    package = spack.package_base.PackageBase
    _wrap(package, "do_fetch", "fetch", lambda pkg, *_: pkg.spec)
    _wrap(package, "do_stage", "stage", lambda pkg, *_: pkg.spec)
    _wrap(package, "do_patch", "patch", lambda pkg, *_: pkg.spec)
    _wrap(spack.builder.InstallationPhase, "execute", "phase", lambda phase: phase.builder.pkg.spec)
    _wrap(spack.build_environment, "setup_package", "setup", lambda pkg, *_: pkg.spec)
    _wrap(spack.hooks, "post_install", "finish", lambda spec, *_: spec)
    _wrap(spack.binary_distribution, "download_tarball", "binary", lambda spec, *_: spec)
    _wrap(spack.binary_distribution, "extract_tarball", "unpack", lambda spec, *_: spec)
    _wrap(spack.installer, "build_process", "build", lambda pkg, *_: pkg.spec)
    # The module of the old installer has imported the function by name.
    spack.installer.setup_package = spack.build_environment.setup_package
    _wrap_failed_tasks(spack.installer.PackageInstaller)
    try:
        import spack.new_installer
    except ImportError:
        return
    _wrap(spack.new_installer, "_install", "build", lambda spec, *_: spec)


def _wrap(owner, name, step, spec_of):
    function = getattr(owner, name, None)
    if function is None:
        return

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        event = _describe(args, kwargs, step, spec_of)
        if event is None:
            return function(*args, **kwargs)
        write(dict(event, event="begin", time=time.time()))
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            write_error(event, error)
            raise
        write(dict(event, event="end", time=time.time()))
        return result

    setattr(owner, name, wrapper)


def _describe(args, kwargs, step, spec_of):
    try:
        event = {"hash": spec_of(*args).dag_hash(), "step": step}
        if step == "phase":
            event["phase"] = str(args[0].name)
        return event
    except Exception:  # called with unknown arguments
        return None


def _wrap_failed_tasks(installer):
    """Records failures that only the old installer's parent knows, and specs that it skipped because of them."""
    function = getattr(installer, "_update_failed", None)
    if function is None:
        return

    @functools.wraps(function)
    def wrapper(self, task, mark=False, exc=None):
        if exc is not None:
            write_error({"hash": task.pkg.spec.dag_hash(), "step": "task"}, exc)
        return function(self, task, mark, exc)

    installer._update_failed = wrapper


def write_error(event, error):
    """Writes an error once, at its innermost step."""
    if getattr(error, "_is_recorded", False):
        return
    try:
        error._is_recorded = True
    except AttributeError:
        pass
    types = [f"{one.__module__}.{one.__qualname__}" for one in type(error).__mro__]
    message = str(error)[:MAX_MESSAGE]
    write(dict(event, event="error", types=types[:20], message=message, time=time.time()))


def write(event):
    line = json.dumps(event) + "\n"
    # Children append to the same file: one write per line.
    try:
        handle = os.open(_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:
        return
    try:
        os.write(handle, line.encode("utf-8", "replace"))
    except OSError:  # a full disk; the installation continues
        pass
    finally:
        os.close(handle)
