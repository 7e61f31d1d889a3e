"""Small houses, whole and with holes: the checks must see each hole, and see none in a whole house."""
import pathlib
import tempfile
import unittest

import checks
import swift
from documents import documents


def house(files):
    """The sources of a house whose files are given as {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            place = pathlib.Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        found = checks.sources(folder)
    for file in found:
        file.path = file.path.removeprefix(f"{folder}/")
    return found


def used(files, depth=None):
    """Which folder uses which types of which other, as lines."""
    table = checks.table(house(files), depth)
    return sorted(f"{a} -> {b}: {' '.join(sorted(table[a][b]))}" for a in table for b in table[a])


WHOLE = {
    "RetortCore/Data/Row.swift": "package struct Row { package var key: Key }\npackage struct Key {}\nstruct Inner {}\n",
    "RetortCore/Stage/Stage.swift": "internal import Foundation\npackage protocol Stage { func run(_ row: Row) }\n",
    "RetortStages/Reward/Score.swift": "internal import RetortCore\nstruct Score: Stage { func run(_ row: Row) {} }\n",
    "RetortStore/Log/Log.swift": "internal import GRDB\ninternal import RetortCore\nstruct Log { let rows: [Row] }\n",
}


class Imports(unittest.TestCase):
    def faults(self, path, line):
        return checks.imports(house(WHOLE | {path: f"struct New {{}}\n{line}\n"}))

    def test_a_whole_house(self):
        self.assertEqual(checks.imports(house(WHOLE)), [])

    def test_a_library_outside_its_room(self):
        self.assertEqual(
            self.faults("RetortCore/Data/New.swift", "internal import GRDB"),
            ["RetortCore/Data/New.swift:2: GRDB may be imported in RetortStore alone, found in RetortCore/Data"])

    def test_a_target_that_none_draws(self):
        self.assertEqual(
            self.faults("RetortCore/Data/New.swift", "package import RetortStages"),
            ["RetortCore/Data/New.swift:2: RetortCore may not import RetortStages"])
        self.assertEqual(
            self.faults("RetortStore/Log/New.swift", "import RetortStages"),
            ["RetortStore/Log/New.swift:2: RetortStore may not import RetortStages"])

    def test_testable(self):
        self.assertEqual(
            self.faults("RetortStages/Reward/New.swift", "@testable import RetortCore"),
            ["RetortStages/Reward/New.swift:2: expected no @testable outside the tests, found one of RetortCore"])

    def test_a_library_that_is_new(self):
        self.assertEqual(
            self.faults("RetortCore/Data/New.swift", "import Glibc"),
            ["RetortCore/Data/New.swift:2: expected an import that tools/walls/checks.py knows, found Glibc"])

    def test_a_single_declaration_that_is_imported(self):
        self.assertEqual(
            self.faults("RetortCore/Data/New.swift", "import struct GRDB.Row"),
            ["RetortCore/Data/New.swift:2: GRDB may be imported in RetortStore alone, found in RetortCore/Data"])

    def test_words_that_only_look_like_it(self):
        self.assertEqual(self.faults("RetortCore/Data/New.swift", '// import GRDB\nlet text = """\nimport GRDB\n"""'), [])


class Cycles(unittest.TestCase):
    def test_a_whole_house(self):
        self.assertEqual(checks.cycles(house(WHOLE)), [])
        self.assertEqual(
            used(WHOLE), [
                "RetortCore/Stage -> RetortCore/Data: Row",
                "RetortStages/Reward -> RetortCore/Data: Row",
                "RetortStages/Reward -> RetortCore/Stage: Stage",
                "RetortStore/Log -> RetortCore/Data: Row",
            ])

    def test_the_shortest_cycle_is_told_with_what_makes_it(self):
        files = {
            "T/A/A.swift": "struct A { let b: B }",
            "T/B/B.swift": "struct B { let c: C }",
            "T/C/C.swift": "struct C { let a: A; let d: D }",
            "T/D/D.swift": "struct D { func f() -> C? { nil } }",
        }
        self.assertEqual(
            checks.cycles(house(files)), [
                "a cycle of folders: T/C -> T/D -> T/C",
                "  T/C uses D of T/D in C.swift",
                "  T/D uses C of T/C in D.swift",
            ])

    def test_folders_in_folders(self):
        files = {
            "T/A/X/One.swift": "struct One { let two: Two }",
            "T/B/Two.swift": "struct Two { let three: Three }",
            "T/A/Y/Three.swift": "struct Three {}",
        }
        self.assertEqual(used(files), ["T/A/X -> T/B: Two", "T/B -> T/A/Y: Three"])
        self.assertEqual(checks.cycles(house(files))[0], "a cycle of folders: T/A -> T/B -> T/A")


class Reading(unittest.TestCase):
    """What names a type of another folder, and what only looks like it."""

    def uses(self, text):
        files = {"T/A/A.swift": text, "T/B/B.swift": "struct Sample {}\nenum Filter {}\nprotocol Shape {}\n"}
        return used(files)

    def test_uses(self):
        for text in [
            "let a = Sample()", "func f(_ a: [Sample]) {}", "extension Sample {}", "struct A: B<Sample> {}",
            'let a = "is \\(Sample().text) \\("\\(Sample.self)")"', 'let a = #"is \\#(Sample())"#', "let a = T.Sample()",
            'let a = """\n  of \\(Sample())\n  """', "let a = 4 / Sample.count / 2", "@Sample var a: Int",
            "struct A { struct Filter {} }\nstruct C { let a: Sample }",
            "struct A { struct Sample {} }\nstruct C { let a: Sample }",
            "func f<Sample>(_ a: Sample) {}\nfunc g(_ a: Sample) {}",
        ]:
            with self.subTest(text):
                self.assertEqual(self.uses(text), ["T/A -> T/B: Sample"])

    def test_no_uses(self):
        for text in [
            "// Sample", "/* Sample /* Sample */ Sample */", 'let a = "Sample"', 'let a = #"\\(Sample())"#',
            'let a = """\n  Sample "Sample" \\"""Sample\n  """', "let a = /Sample \"/", "let a = #/Sample/#",
            "let a = Other.Sample()", "struct A { struct Sample {}\nlet a: Sample }",
            "struct A { enum B { case c(Sample) }\nstruct Sample {} }",
            "struct A { struct Sample {} }\nextension A { var a: Sample { Sample() } }",
            "struct A { struct B { struct Sample {} } }\nextension A.B { var a: Sample { Sample() } }",
            "func f<Sample: Hashable>(_ a: Sample) -> Sample { Sample(a) }",
            "struct A<Sample> { let a: Sample }", "protocol A { associatedtype Sample\nvar a: Sample { get } }",
            "protocol A { associatedtype Sample }\nstruct B: A { let a: Sample }",
            "private struct Sample {}\nlet a = Sample()",
        ]:
            with self.subTest(text):
                self.assertEqual(self.uses(text), [])

    def test_one_name_in_two_targets(self):
        files = {
            "T/A/A.swift": "package struct Sample {}",
            "U/B/B.swift": "struct Sample {}",
            "U/C/C.swift": "import T\nlet a = Sample()\nlet b = T.Sample()",
            "V/D/D.swift": "import T\nlet a = Sample()",
            "V/E/E.swift": "let a = Sample()",
        }
        self.assertEqual(used(files), ["U/C -> T/A: Sample", "U/C -> U/B: Sample", "V/D -> T/A: Sample"])

    def test_places(self):
        text = 'let a = """\n\n  \\(\n  1)\n  """\n/*\n\n*/\nlet b = 1\n'
        self.assertEqual([token.line for token in swift.tokens(text) if token.text == "let"], [1, 9])


class Documents(unittest.TestCase):
    def test_what_they_name_is_there(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in {
                "Sources/T/A.swift": "struct Row {}",
                "README.md": "`Sources/T/A.swift`, `Sources/T`, `Sources/U/B.swift`, `Sources/*/B.swift`",
                "docs/glossary.md": "| term | meaning | type |\n| row | `Gone` | `Row`, `Lost` |",
                "docs/other.md": "| row | `Lost` |",
            }.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            self.assertEqual(
                documents(checks.sources(root / "Sources"), root), [
                    "README.md:1: expected a file or folder at 'Sources/U/B.swift', found none",
                    "docs/glossary.md:2: expected a type of the sources, found 'Lost'",
                ])


class Access(unittest.TestCase):
    def faults(self, text):
        """Of a file whose neighbour in another target knows Seen, shows and make()."""
        other = "import T\nfunc f(_ a: Seen) { a.shows(make()) }"
        lines = checks.access(house({"T/A/A.swift": text, "U/B/B.swift": other}))
        return [line.split(": ")[1].split(" is ")[0] for line in lines]

    def test_a_whole_house(self):
        self.assertEqual(checks.access(house(WHOLE)), [])

    def test_needed(self):
        for text in [
            "package struct Seen {}", "struct Own {}", "package func make() {}",
            "package struct Seen { package var a: Part }\npackage struct Part {}",
            "package enum Seen { case a(Part) }\npackage struct Part {}",
            "package protocol Seen { func f(_ a: Part) }\npackage struct Part {}",
            "package struct Seen {}\npackage extension Seen { func f() -> Part? { nil } }\npackage struct Part {}",
            "package func make() -> Part { Part() }\npackage struct Part {}",
            "extension Int { package func shows() -> Part { Part() } }\npackage struct Part {}",
        ]:
            with self.subTest(text):
                self.assertEqual(self.faults(text), [])

    def test_not_needed(self):
        self.assertEqual(self.faults("package struct Own {}"), ["Own"])
        self.assertEqual(self.faults("package func own() {}"), ["own"])
        self.assertEqual(self.faults("package struct Seen { var a: Part }\npackage struct Part {}"), ["Part"])
        self.assertEqual(
            self.faults("package struct Own { package var a: Part }\npackage struct Part {}"), ["Own", "Part"])
        self.assertEqual(
            self.faults("package struct Seen { package func f() { Part() } }\npackage struct Part {}"), ["Part"])


if __name__ == "__main__":
    unittest.main()
