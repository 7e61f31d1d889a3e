"""The rules of the house, and what breaks them: each check returns one line for each fault."""
import collections
import os
import pathlib

import swift

# What each target may import of the others.
TARGETS = {
    "RetortCore": set(),
    "RetortStages": {"RetortCore"},
    "RetortStore": {"RetortCore"},
    "RetortRun": {"RetortCore", "RetortStore"},
    "RetortReport": {"RetortCore", "RetortStore", "RetortRun"},
    "RetortHTTP": {"RetortCore"},
    "RetortViewer": {"RetortCore", "RetortStore", "RetortReport"},
    "RetortCLI": {
        "RetortCore", "RetortStages", "RetortStore", "RetortRun", "RetortReport", "RetortHTTP", "RetortViewer",
    },
    # What the tests share.
    "RetortTestSupport": {"RetortCore", "RetortStages", "RetortStore", "RetortRun"},
}  # fmt: skip

# Where each library may be imported: a target, or a folder of one.
LIBRARIES = {
    "ArgumentParser": "RetortCLI",
    "CCurl": "RetortHTTP",
    "CSQLite": "RetortStore",
    "CXML2": "RetortStages/Kinds/Sources",
    "CZlib": "RetortCore/Files",
    "CYaml": "RetortRun/Pipeline",
    # For the digests of rows and of files.
    "Crypto": "RetortCore",
    "GRDB": "RetortStore",
    "HTTPTypes": "RetortViewer",
    "Hummingbird": "RetortViewer",
    "Logging": "RetortViewer",
    "NIOCore": "RetortViewer",
    "NIOHTTPTypes": "RetortViewer",
    "Yams": "RetortRun/Pipeline",
}

# Foundation and Synchronization come with the language; an OrderedDictionary is what a row and a file's keys are made of.
ANYWHERE = {"Foundation", "OrderedCollections", "Synchronization"}


def sources(root):
    """The Swift files under `root`, which holds a folder for each target."""
    paths = sorted(pathlib.Path(root).rglob("*.swift"))
    modules = {path.relative_to(root).parts[0] for path in paths}
    found = []
    for path in paths:
        folder = path.relative_to(root).parent.as_posix()
        found.append(swift.read(str(path), folder.split("/")[0], folder, path.read_text(), modules))
    return found


# MARK: Imports


def imports(files):
    faults = []
    targets = {file.target for file in files}
    for file in files:
        for name, line, testable in file.imports:
            place = f"{file.path}:{line}"
            if testable:
                faults.append(f"{place}: expected no @testable outside the tests, found one of {name}")
            if name in targets:
                if name not in TARGETS.get(file.target, set()):
                    faults.append(f"{place}: {file.target} may not import {name}")
            elif name in LIBRARIES:
                room = LIBRARIES[name]
                if not f"{file.folder}/".startswith(f"{room}/"):
                    faults.append(f"{place}: {name} may be imported in {room} alone, found in {file.folder}")
            elif name not in ANYWHERE:
                faults.append(f"{place}: expected an import that tools/walls/checks.py knows, found {name}")
    return faults


# MARK: Which folder uses which


class Names:
    """Where the types of the top level are declared, and what stands in the way of their names."""

    def __init__(self, files):
        self.declared = collections.defaultdict(list)
        self.inner = collections.defaultdict(set)
        self.targets = {file.path: file.target for file in files}
        for file in files:
            for item in file.declarations:
                if item.kind in swift.TYPES and item.inside:
                    for path in _suffixes(item.inside):
                        self.inner[path].add(item.name)
                elif item.kind in swift.TYPES:
                    self.declared[item.name].append((file, item))
        for file in files:
            for item in file.declarations:
                for name in item.signature if item.kind in swift.TYPES else ():
                    # What a type conforms to gives it the names of its associated types.
                    kinds = {found.kind for _, found in self.declared[name]} if name in self.declared else set()
                    if kinds == {"protocol"}:
                        self.inner[item.name] |= self.inner[name]

    def file(self, use, source):
        """The file that declares the type that is meant; None for one that is not ours, is inner, or cannot be told."""
        if not use.module and (use.name in use.generics or self.is_inner(use)):
            return None
        seen = {name for name, _, _ in source.imports} | {source.target}
        found = [
            (file, item)
            for file, item in self.declared.get(use.name, ())
            if file is source
            or item.access not in ("private", "fileprivate")
            and (file.target == source.target or item.access in ("package", "public") and file.target in seen)
        ]
        if use.module:
            found = [(file, item) for file, item in found if file.target == use.module]
        for nearest in (lambda file: file is source, lambda file: file.target == source.target, lambda file: True):
            near = {file.path: file for file, _ in found if nearest(file)}
            if near:
                return next(iter(near.values())) if len(near) == 1 else None
        return None

    def is_inner(self, use):
        return any(use.name in self.inner[path] for scope in use.scopes for path in _suffixes(scope))


def _suffixes(path):
    """Itself, and the types around it: A.B.C, A.B, A, and what they are called in an extension: C, B."""
    parts = path.split(".")
    return {".".join(parts[a:b]) for a in range(len(parts)) for b in range(a + 1, len(parts) + 1) if a == 0 or b - a == 1}


def table(files, depth=None):
    """{folder: {other folder: {type: {file that uses it}}}}; folders `depth` names deep, the target being the first."""
    names = Names(files)
    used = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(set)))
    for file in files:
        for use in file.uses:
            other = names.file(use, file)
            here, there = cut(file.folder, depth), cut(other.folder, depth) if other else None
            if other and here != there:
                used[here][there][use.name].add(file.path)
    return used


def cut(folder, depth):
    return "/".join(folder.split("/")[:depth])


def cycle(used):
    """The shortest way from a folder back to itself, as a list of folders, or None."""
    best = None
    for start in sorted(used):
        came, queue = {start: None}, collections.deque([start])
        while queue:
            here = queue.popleft()
            if start in used.get(here, ()) and here != start:
                way = [here]
                while came[way[-1]]:
                    way.append(came[way[-1]])
                way = way[::-1]
                if best is None or len(way) < len(best):
                    best = way
                break
            for there in sorted(used.get(here, ())):
                if there not in came:
                    came[there] = here
                    queue.append(there)
    return best


def cycles(files):
    """Of each depth of folders, the shortest cycle with what makes it."""
    deepest = max((len(file.folder.split("/")) for file in files), default=1)
    faults = []
    for depth in range(1, deepest + 1):
        used = table(files, depth)
        way = cycle(used)
        if way is None:
            continue
        faults.append("a cycle of folders: " + " -> ".join(way + way[:1]))
        for here, there in zip(way, way[1:] + way[:1]):
            for name, paths in sorted(used[here][there].items()):
                faults.append(f"  {here} uses {name} of {there} in {', '.join(sorted(map(os.path.basename, paths)))}")
        break
    return faults


def layers(used, folders):
    """The folders in layers: each uses only what stands in layers before its own; what is in a cycle comes last."""
    left, found = set(folders), []
    while left:
        layer = sorted(folder for folder in left if not (set(used.get(folder, ())) & left - {folder}))
        found.append(layer or sorted(left))
        left -= set(found[-1])
    return found


# MARK: What is more visible than it need be


def access(files):
    """Declarations of the top level that are `package` though nothing outside their target needs them to be."""
    named = _named_outside(files)
    words = collections.defaultdict(set)
    for file in files:
        words[file.target] |= file.words
    faults = []
    for target in sorted({file.target for file in files} - {"RetortCLI", "RetortTestSupport"}):
        own = [(file, item) for file in files if file.target == target for item in file.declarations]
        seen = set().union(*(found for other, found in words.items() if other != target))
        needed = _needed(own, named[target], seen)
        for file, item in own:
            if not item.inside and item.access == "package" and item.name not in needed:
                faults.append(f"{file.path}:{item.line}: {item.name} is package, and nothing outside {target} needs it")
    return faults


def _named_outside(files):
    """{target: the types of it that other targets name}."""
    names, found = Names(files), collections.defaultdict(set)
    for file in files:
        for use in file.uses:
            other = names.file(use, file)
            if other and other.target != file.target:
                found[other.target].add(use.name)
    return found


def _needed(own, named, words):
    """The names of what others name, and of the types in the signatures of what they may thereby reach."""
    types = {item.name for _, item in own if not item.inside and item.kind in swift.TYPES}
    needed = set(named) | {item.name for _, item in own if not item.inside and item.name in words - types}
    while True:
        before = len(needed)
        for _, item in own:
            owner = item.inside.split(".")[0] or item.name
            if item.access in ("package", "public") and (owner in needed or owner not in types):
                needed |= item.signature & types
        if len(needed) == before:
            return needed
