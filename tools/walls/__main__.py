"""Whether the walls between the targets and the folders stand.

    tools/walls [--root FOLDER] [PART ...]     checks imports, cycles, access, documents, or those that are named
    tools/walls --table [--depth N]            prints which folder uses which types of which other
    tools/walls --self-test                    checks the checks

Exit status 1 where a wall has a hole.
"""
import argparse
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import checks  # noqa: E402
from documents import documents  # noqa: E402

PARTS = {
    "imports": lambda files, root: checks.imports(files),
    "cycles": lambda files, root: checks.cycles(files),
    "access": lambda files, root: checks.access(files),
    "documents": documents,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them by default")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("."), help="the repository (default: .)")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--depth", type=int, help="how many names of a folder's path count, the target being the first")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"expected one of {', '.join(PARTS)}, found {', '.join(sorted(unknown))}")
    files = checks.sources(options.root / "Sources")
    if not files:
        parser.error(f"expected Swift files under {options.root / 'Sources'}, found none")
    if options.table:
        return print_table(files, options.depth)
    faults = 0
    for name in options.parts or PARTS:
        found = PARTS[name](files, options.root)
        print(f"{name}: {'as drawn' if not found else ''}")
        for line in found:
            print(f"  {line}")
        faults += len(found)
    return 1 if faults else 0


def print_table(files, depth):
    used = checks.table(files, depth)
    folders = {checks.cut(file.folder, depth) for file in files}
    for number, layer in enumerate(checks.layers(used, folders)):
        print(f"layer {number}")
        for folder in layer:
            print(f"  {folder}")
            for other in sorted(used.get(folder, ())):
                print(f"    -> {other}: {', '.join(sorted(used[folder][other]))}")
    return 0


def self_test():
    tests = unittest.defaultTestLoader.discover(pathlib.Path(__file__).parent, pattern="test_*.py")
    return 0 if unittest.TextTestRunner().run(tests).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
