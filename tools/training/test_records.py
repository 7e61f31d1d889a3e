"""What is read of exports, and what is learnt of it. Needs nothing but Python."""
import json
import pathlib
import tempfile
import unittest

import records

ASKED = [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]


class Words:
    """A tokenizer of letters, whose template writes a role's first letter and ends a turn with '$'."""
    eos_token = "$"

    def apply_chat_template(self, turns, tokenize, add_generation_prompt=False):
        return "".join(f"{turn['role'][0]}:{turn['content']}$" for turn in turns) + ("a:" if add_generation_prompt else "")

    def __call__(self, text, add_special_tokens):
        return {"input_ids": [ord(letter) for letter in text]}


class RecordsTests(unittest.TestCase):
    def read(self, *lines):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.jsonl"
            path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
            return records.read([path])

    def test_both_forms(self):
        answer = {"role": "assistant", "content": "a"}
        whole = [*ASKED, answer]
        self.assertEqual(self.read({"messages": whole}, "", {"prompt": ASKED, "completion": [answer]}), [whole, whole])
        self.assertEqual(self.read({"prompt": "q", "completion": [answer]}), [[{"role": "user", "content": "q"}, answer]])

    def test_what_cannot_be_learnt_is_said(self):
        for record, words in [("x", "found another"), ({"text": "x"}, "found another"), ({"messages": ASKED}, "expected an answer at the end"),
                              ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "expected turns of text")]:
            with self.assertRaises(SystemExit) as raised:
                self.read({"messages": [*ASKED, {"role": "assistant", "content": "a"}]}, record)
            self.assertIn("a.jsonl:2: ", str(raised.exception))
            self.assertIn(words, str(raised.exception))

    def test_the_answer_and_its_end_are_learnt(self):
        turns = [*ASKED, {"role": "assistant", "content": "ok"}]
        tokens, start = records.encoded(turns, Words(), 100)
        self.assertEqual("".join(map(chr, tokens)), "s:s$u:q$a:ok$")
        self.assertEqual("".join(map(chr, tokens[start:])), "ok$")
        self.assertEqual(len(records.encoded(turns, Words(), 12)[0]), 12)
        self.assertIsNone(records.encoded(turns, Words(), 10))

    def test_a_training_is_known_by_content_and_settings(self):
        with tempfile.TemporaryDirectory() as folder:
            one, other = pathlib.Path(folder) / "a", pathlib.Path(folder) / "b"
            one.write_text("x")
            other.write_text("x")
            self.assertEqual(records.digest([one], {"seed": 1}), records.digest([other], {"seed": 1}))
            self.assertNotEqual(records.digest([one], {"seed": 1}), records.digest([one], {"seed": 2}))
            other.write_text("y")
            self.assertNotEqual(records.digest([one], {"seed": 1}), records.digest([other], {"seed": 1}))


if __name__ == "__main__":
    unittest.main()
