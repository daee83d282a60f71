"""Reads the same inputs with Python's own readers. One JSON line in, one out: {"kind": ..., "bytes": base64}.

tar: the entries that tarfile lists, each with the checksum of its content. json: the text that json.dumps writes from it, as
Spack does to hash a node.
"""
import base64
import hashlib
import io
import json
import sys
import tarfile

KINDS = {tarfile.REGTYPE: "file", tarfile.LNKTYPE: "hard link", tarfile.SYMTYPE: "symbolic link",
         tarfile.DIRTYPE: "directory"}


def read_tar(data):
    entries = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for entry in archive:
            content = archive.extractfile(entry).read() if entry.isreg() else b""
            entries.append([entry.name, KINDS.get(entry.type, "other"), entry.linkname, entry.mode,
                            hashlib.sha256(content).hexdigest()])
    return entries


def write_json(data):
    node = json.loads(data.decode("utf-8"))
    node.pop("hash", None)
    return json.dumps(node, separators=(",", ":"))


for line in sys.stdin:
    query = json.loads(line)
    data = base64.b64decode(query["bytes"])
    try:
        answer = {"answer": read_tar(data) if query["kind"] == "tar" else write_json(data)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(answer), flush=True)
