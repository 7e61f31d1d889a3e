#!/usr/bin/env python3
"""Parquet for retort, with DuckDB: answers requests, a line of JSON in, one out, in their order.

    --install    fetches DuckDB only (a wheel from PyPI, pinned by sha256) and says where it is

DuckDB lies in $RETORT_HELPERS or ~/.cache/retort, in a folder of its own for each version of it and of Python. The first
line out is {"ready": true}, or {"error": ...}. Requests:

    {"id", "open": file, "columns": [name, ...] or null}    -> {"id", "columns": [name, ...]}
    {"id", "open": "hf://datasets/...", ...}    -> the same, with "commit": files of a dataset's revision, fetched once
    {"id", "next": bytes}                    -> {"id", "rows": [row, ...]}          no row at the end
    {"id", "write": file, "from": lines, "longest": bytes, "columns": [[name, type], ...]}  -> {"id", "rows": n}

What cannot be done has {"id", "error": ...}. Ends with its input.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

VERSION = "2.0.1"
REQUIREMENTS = """\
duckdb==2.0.1 \
 --hash=sha256:eb32b389d99d14cbbec4c110f58237c77eacefc65ef6f737619f413c97a91a77 \
 --hash=sha256:dd8961476eb9e048d1e784eb6bad7aad39304d72b4e4fd8c021f1863b7ee6425 \
 --hash=sha256:39ffeb136abed770a496e5592a464f18a07b1543e7ddb1ff6453215e179f1647 \
 --hash=sha256:ba06918b64d4061bd9ed722dc10adf66f9a10f96426e2403db93a36f590ba3dc
"""
# Rows of a group in a file: few enough that long texts need little memory.
GROUP = 8192


def home():
    return pathlib.Path(os.environ.get("RETORT_HELPERS") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "retort"))


def library():
    return home() / "duckdb-{}-py{}{}".format(VERSION, *sys.version_info[:2])


def install():
    """The folder of the library, fetched where it is not there yet."""
    target = library()
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, and renamed when it is whole: two that fetch at once do not meet.
    part = pathlib.Path(tempfile.mkdtemp(prefix="duckdb-", dir=target.parent))
    try:
        (part / "requirements.txt").write_text(REQUIREMENTS)
        fetched = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--only-binary=:all:", "--require-hashes", "--target", part / "library", "-r", part / "requirements.txt"],
            stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=subprocess.PIPE, text=True)
        if fetched.returncode:
            raise OSError("pip could not fetch DuckDB: " + (fetched.stderr.strip().splitlines() or ["no reason"])[-1])
        try:
            (part / "library").rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def connect():
    folder = library()
    if not folder.is_dir():
        raise OSError(f"DuckDB {VERSION} is not in {folder}")
    sys.path.insert(0, str(folder))
    import duckdb
    if duckdb.__version__ != VERSION:
        raise OSError(f"expected DuckDB {VERSION}, found {duckdb.__version__} in {folder}; remove that")
    base = duckdb.connect(config={
        "threads": 2, "memory_limit": "1GB", "temp_directory": tempfile.gettempdir(),
        # It has all it needs, and fetches nothing by itself.
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    })
    base.execute("set timezone = 'UTC'")
    return base


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def text(value):
    return "'" + value.replace("'", "''") + "'"


def path(name):
    """A file's own path, in which nothing is a wildcard."""
    return text(re.sub(r"[\[*?]", lambda sign: f"[{sign[0]}]", name))


def plain(value, kind):
    """An expression of what JSON has: numbers that a double holds exactly, texts for larger ones and for bytes (base64),
    null for what is no number."""
    name = kind.id
    if name in ("float", "double"):
        return f"case when isfinite({value}) then {value} end"
    if name == "blob":
        return f"base64({value})"
    if name in ("ubigint", "hugeint", "uhugeint", "bignum") or name == "decimal" and dict(kind.children)["precision"] > 15:
        return f"{value}::varchar"
    if name in ("list", "array"):
        inner = plain("x", dict(kind.children)["child"])
        return value if inner == "x" else f"list_transform({value}, lambda x: {inner})"
    if name == "struct":
        fields = [(field, plain(f"{value}.{quoted(field)}", kind)) for field, kind in kind.children]
        if all(made == f"{value}.{quoted(field)}" for field, made in fields):
            return value
        made = ", ".join(f"{quoted(field)} := {made}" for field, made in fields)
        return f"case when {value} is not null then struct_pack({made}) end"
    return value


def finite(row):
    """A row whose maps hold what is no number is written anew."""
    if "NaN" not in row and "Infinity" not in row:
        return row
    return json.dumps(json.loads(row, parse_constant=lambda word: None), ensure_ascii=False, separators=(",", ":"))


class Reading:
    """The rows of files, one after the other, each as a JSON object."""

    def __init__(self, base, files, wanted):
        self.base, self.files, self.wanted = base, list(files), wanted
        self.rows, self.left, self.columns = None, [], wanted or []
        for file in files:  # one that cannot be read is told before any row
            names = self.table(file).columns
            missing = [name for name in wanted or [] if name not in names]
            if missing:
                raise ValueError(f"expected the column '{missing[0]}' in {file}, found {', '.join(names)}")
            self.columns += [name for name in names if not wanted and name not in self.columns]

    def table(self, file):
        return self.base.sql(f"from read_parquet({path(file)})")

    def next(self, limit):
        found, size = [], 0
        while size < limit:
            if not self.left:
                self.left = self.page()
                if not self.left:
                    break
            row = self.left.pop()
            size += len(row) + 1
            found.append(row)
        return "[" + ",".join(found) + "]"

    def page(self):
        while True:
            if self.rows is None:
                if not self.files:
                    return []
                self.rows = self.open(self.files.pop(0))
            page = self.rows.fetchmany(128)
            if page:
                return [finite(row) for row, in reversed(page)]
            self.rows = None

    def open(self, file):
        table = self.table(file)
        types = dict(zip(table.columns, table.types))
        parts = ", ".join(f"{text(name)}, {plain(quoted(name), types[name])}" for name in self.wanted or table.columns)
        return self.base.cursor().execute(f"select json_object({parts})::varchar from read_parquet({path(file)})")


def write(base, asked):
    base.execute("set threads = 1")  # the same rows are the same bytes
    columns = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in asked["columns"])
    base.execute(
        f"copy (select * from read_json({path(asked['from'])}, format = 'newline_delimited', columns = {{{columns}}},"
        f" maximum_object_size = {max(asked['longest'], 1 << 20) + 2}))"
        f" to {text(asked['write'])} (format parquet, compression zstd, row_group_size {GROUP})")
    return {"rows": base.execute(f"select count(*) from read_parquet({path(asked['write'])})").fetchone()[0]}


# MARK: Hugging Face


class Elsewhere(urllib.request.HTTPRedirectHandler):
    """Sends the token to no other machine that the hub names."""

    def redirect_request(self, request, answer, code, words, headers, address):
        new = super().redirect_request(request, answer, code, words, headers, address)
        if new and urllib.parse.urlsplit(address).netloc != urllib.parse.urlsplit(request.full_url).netloc:
            new.remove_header("Authorization")
        return new


def hub(path):
    """The hub's answer."""
    base = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
    request = urllib.request.Request(base + path, headers={"User-Agent": "retort"})
    if os.environ.get("HF_TOKEN"):
        request.add_header("Authorization", f"Bearer {os.environ['HF_TOKEN']}")
    try:
        return urllib.request.build_opener(Elsewhere).open(request, timeout=60)
    except urllib.error.HTTPError as error:
        hints = {401: "; is HF_TOKEN set?", 403: "; may HF_TOKEN read it?", 404: "; is there such a name and revision?"}
        raise OSError(f"{base}{path}: HTTP {error.code}{hints.get(error.code, '')}") from None
    except OSError as error:
        raise OSError(f"{base}{path}: {getattr(error, 'reason', error)}") from None


def hub_files(address):
    """The commit that an address means, and its files on this machine, in the order of their names."""
    dataset, revision, pattern = re.fullmatch(r"hf://datasets/([^@]+)@([^/]+)/(.+)", address).groups()
    revision = "refs/convert/parquet" if revision == "~parquet" else urllib.parse.unquote(revision)
    folder = home() / "hub" / "datasets" / dataset
    listing = folder / revision / ".files.json"
    if not (re.fullmatch("[0-9a-f]{40}", revision) and listing.is_file()):
        with hub(f"/api/datasets/{dataset}/revision/{urllib.parse.quote(revision, safe='')}") as answer:
            found = json.load(answer)
        listing = folder / found["sha"] / ".files.json"
        put(listing, [json.dumps(sorted(file["rfilename"] for file in found["siblings"])).encode()])
    commit = listing.parent.name
    names = [name for name in json.loads(listing.read_text()) if wildcard(pattern).fullmatch(name)]
    if not names:
        raise OSError(f"no file of {dataset} at {commit} is named as {pattern}")
    files = []
    for name in names:
        file = listing.parent / name
        if not file.resolve().is_relative_to(listing.parent.resolve()):
            raise OSError(f"{dataset} at {commit} names a file outside of it: {name}")
        if not file.is_file():
            with hub(f"/datasets/{dataset}/resolve/{commit}/{urllib.parse.quote(name)}") as answer:
                length = answer.headers.get("Content-Length")
                put(file, iter(lambda: answer.read(1 << 20), b""), int(length) if length else None)
        files.append(str(file))
    return commit, files


def put(file, pieces, length=None):
    """A file that is there whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=file.parent, prefix=".part-")
    try:
        with os.fdopen(descriptor, "wb") as out:
            for piece in pieces:
                out.write(piece)
            if length is not None and out.tell() != length:
                raise OSError(f"{file.name}: expected {length} bytes, found {out.tell()}")
        os.rename(part, file)
    except BaseException:
        os.unlink(part)
        raise


def wildcard(pattern):
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(words.get(part) or re.escape(part) for part in parts))


# MARK: Requests


def main():
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the library prints is no answer

    def say(value):
        out.write(value if isinstance(value, str) else json.dumps(value))
        out.write("\n")
        out.flush()

    try:
        if "--install" in sys.argv[1:]:
            return say({"library": str(install())})
        base = connect()
        import duckdb
    except (OSError, ImportError) as error:
        say({"error": " ".join(str(error).split())})
        sys.exit(1)
    say({"ready": True})
    reading = None
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        number = asked["id"]
        try:
            if "open" in asked:
                commit, files = None, [asked["open"]]
                if files[0].startswith("hf://"):
                    commit, files = hub_files(files[0])
                reading = Reading(base, files, asked["columns"])
                say({"id": number, "columns": reading.columns, "commit": commit})
            elif "next" in asked and reading is None:
                # Another process opened the file.
                say({"id": number, "error": "the helper for Parquet: it ended amid the rows and was started anew; run again"})
            elif "next" in asked:
                say(f'{{"id":{number},"rows":{reading.next(asked["next"])}}}')
            else:
                say({"id": number, **write(base, asked)})
        except (duckdb.Error, OSError, ValueError, KeyError, AttributeError) as error:
            say({"id": number, "error": " ".join(str(error).split())[:2000]})


main()
