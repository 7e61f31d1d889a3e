"""Scenes: the same bytes from a seed, and rows that say what is drawn."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from client import TOOLS


class Scenes(unittest.TestCase):
    def made(self, folder, *words):
        subprocess.run([TOOLS / "make-scenes", folder, "--count", "5", "--reasoning", "4", *words], check=True, stdout=subprocess.DEVNULL)
        return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}

    def test_a_seed_makes_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as home:
            one, two, other = (self.made(pathlib.Path(home) / name, "--seed", seed) for name, seed in (("a", "3"), ("b", "3"), ("c", "4")))
            self.assertEqual(one, two)
            self.assertNotEqual(one["scenes.jsonl"], other["scenes.jsonl"])
            rows = [json.loads(line) for line in one["scenes.jsonl"].splitlines()]
            self.assertEqual([row["kind"] for row in rows], ["read", "sum", "read", "lookup", "all"])
            self.assertEqual([row["capabilities"] for row in rows[-2:]], [["perception", "search"], ["perception", "reasoning", "search"]])
            stations = {row["text"] for row in map(json.loads, one["corpus.jsonl"].splitlines())}
            for row in rows:
                self.assertTrue({row["image"], row["gold_crop"]} <= one.keys())
                self.assertEqual(len(row["boxes"]), 2 if row["kind"] in ("sum", "all") else 1)
                for box in row["boxes"]:
                    self.assertTrue(row["box"][0] <= box[0] < box[2] <= row["box"][2] <= 3000 and row["box"][1] <= box[1] < box[3] <= row["box"][3] <= 2000)
                self.assertTrue(row["kind"] not in ("lookup", "all") or any(row["answer"] in text for text in stations))
            self.assertEqual(len(one["reasoning.jsonl"].splitlines()), 4)

    def test_nothing_is_written_over(self):
        with tempfile.TemporaryDirectory() as home:
            ran = subprocess.run([TOOLS / "make-scenes", home], capture_output=True, text=True)
            self.assertEqual(ran.returncode, 2)
            self.assertIn("expected no", ran.stderr)


if __name__ == "__main__":
    unittest.main()
