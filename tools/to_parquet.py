#!/usr/bin/env python3
"""Converts JSON Lines to Parquet beside them: verl's SFT and reward model datasets read nothing else.

    python3 tools/to_parquet.py FILE.jsonl...        writes FILE.parquet; needs pyarrow (pip install pyarrow)

The types are taken from the whole file, so that a text that looks like a date stays a text and a number that begins
as 1 and goes on as 0.25 stays a number. A column without one type is an error that names it, and writes nothing.
"""
import json
import os
import pathlib
import sys


def table(file):
    import pyarrow

    rows = []
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise SystemExit(f"{file}:{number}: expected JSON, found {line[:60]!r} ({error})")
            if not isinstance(row, dict):
                raise SystemExit(f"{file}:{number}: expected an object, found {line[:60]!r}")
            rows.append(row)
    if not rows:
        raise SystemExit(f"{file}: expected a line, found none")
    arrays = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        try:
            arrays[name] = pyarrow.array([row.get(name) for row in rows])
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
            raise SystemExit(f"{file}: column '{name}': expected one type in every row ({error})")
    return pyarrow.table(arrays)


def main(files):
    if not files or files[0] in ("-h", "--help"):
        raise SystemExit(__doc__)
    try:
        import pyarrow.parquet
    except ImportError:
        raise SystemExit("to_parquet.py needs pyarrow, found none: pip install pyarrow")
    for file in map(pathlib.Path, files):
        whole = table(file)
        target = file.with_suffix(".parquet")
        partial = target.with_name(f".{target.name}.partial")
        pyarrow.parquet.write_table(whole, partial)
        os.replace(partial, target)
        print(f"{target}: {whole.num_rows} rows, {', '.join(whole.column_names)}")


if __name__ == "__main__":
    main(sys.argv[1:])
