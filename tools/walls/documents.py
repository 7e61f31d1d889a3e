"""What README.md and the pages of docs/ name must be there."""
import re

import swift


def documents(files, root):
    """Paths that lead nowhere, and types of the glossary that nobody declares: one line for each."""
    faults = []
    types = {item.name for file in files for item in file.declarations if item.kind in swift.TYPES}
    for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        for number, line in enumerate(page.read_text().splitlines(), 1):
            place = f"{page.relative_to(root)}:{number}"
            for path in re.findall(r"`((?:Sources|Tests|tools)/[\w./+-]+)`", line):
                if not (root / path).exists():
                    faults.append(f"{place}: expected a file or folder at '{path}', found none")
            if page.name == "glossary.md" and line.startswith("| "):
                for name in re.findall(r"`(\w+)`", line.split(" | ")[-1]):
                    if name not in types:
                        faults.append(f"{place}: expected a type of the sources, found '{name}'")
    return faults
