"""The pairs' labels, what the words of a pair say, and the server's form."""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import pairs  # noqa: E402
from words import LABELS, WordModel, clauses, features, turned  # noqa: E402

PUZZLE = {
    "kind": "ordering", "question": "In a race … no two runners finish together. Ada finishes first …",
    "puzzle": {"people": ["Ada", "Ben", "Cora"], "values": ["first", "second", "third"], "conditions": [
        {"before": ["Ada", "Ben"], "not": None}, {"if": {"has": ["Ada", "first"]}, "then": {"just_before": ["Ben", "Cora"]}},
        {"says": ["Ada", {"has": ["Ben", "first"]}]}], "options": [{"not": {"has": ["Cora", "third"]}}]}}


class Labels(unittest.TestCase):
    def holds(self, claim, world):
        return pairs.holds(claim, world, ["a", "b", "c", "d"], ["1", "2", "3", "4"])

    def test_claims_hold_where_they_should(self):
        for claim, world, expected in [
            ({"has": ["a", "2"]}, (1, 0, 2, 3), True), ({"before": ["a", "b"]}, (1, 0, 2, 3), False),
            ({"just_before": ["b", "a"]}, (1, 0, 2, 3), True), ({"next_to": ["a", "d"]}, (0, 1, 2, 3), True),
            ({"next_to": ["a", "c"]}, (0, 1, 2, 3), False), ({"opposite": ["a", "c"]}, (0, 1, 2, 3), True),
            ({"same": ["a", "b"]}, (1, 1, 0, 0), True), ({"not": {"same": ["a", "b"]}}, (1, 1, 0, 0), False),
            ({"if": {"has": ["a", "2"]}, "then": {"has": ["b", "2"]}}, (0, 0, 0, 0), True),
            ({"if": {"has": ["a", "2"]}, "then": {"has": ["b", "2"]}}, (1, 0, 0, 0), False),
        ]:
            self.assertEqual(self.holds(claim, world), expected, claim)

    def test_labels_are_what_every_world_says(self):
        found = list(pairs.pairs(PUZZLE, 60, [0], random.Random(0)))
        self.assertEqual({label: sum(pair["label"] == label for pair in found) for label in LABELS}, dict.fromkeys(LABELS, 20))
        said = {(pair["premise"], pair["hypothesis"]): pair["label"] for pair in found}
        for (premise, hypothesis), label in said.items():
            self.assertNotIn("says", premise + hypothesis)
            if premise == hypothesis:
                self.assertEqual(label, "entailment")
        for pair, label in [(("ada finishes before ben", "ada does not finish third"), "entailment"),
                            (("ada finishes before ben", "ben finishes first"), "contradiction"),
                            (("ada finishes before ben", "ben finishes second"), "neutral")]:
            self.assertIn(said.get(pair, label), label, pair)

    def test_every_telling_says_the_same(self):
        for kind, tellings in pairs.TELLINGS.items():
            for name, forms in tellings.items():
                self.assertEqual(len(forms), 3, (kind, name))
                for wording in range(3):
                    word = name.removeprefix("not ")
                    claim = {word: ["Ada", "first" if word == "has" else "Ben"]}
                    text = pairs.told({"not": claim} if name != word else claim, kind, pairs.VERBS[kind][0], wording)
                    self.assertIn("ada", text)
                    self.assertIn("first" if word == "has" else "ben", text)


class Words(unittest.TestCase):
    def test_clauses_and_order(self):
        self.assertEqual(clauses("Ada finishes first and Ben finishes last."), [["ada", "finishes", "first"], ["ben", "finishes", "last"]])
        self.assertEqual(clauses("Ada and Ben go together"), [["ada", "and", "ben", "go", "together"]])
        self.assertEqual((turned(["a", "x", "b"], ["a", "x", "b"]), turned(["a", "b"], ["b", "a"])), (0.0, 1.0))
        self.assertTrue(all(part for part in features("", "")[:1]))

    def test_a_model_learns_what_it_is_shown_and_keeps_it(self):
        model, squares = WordModel(), {}
        shown = [(("ada is in", "ada is in"), 0), (("ada is in", "ben is out"), 1), (("ada is in", "ada is not in"), 2)]
        for _ in range(60):
            for pair, label in shown:
                model.step(features(*pair), label, 0.3, squares, 1e-4)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "m.json"
            model.save(path)
            kept = WordModel.load(path)
            for pair, label in shown:
                scores = kept.scores([pair])[0]
                self.assertAlmostEqual(sum(scores), 1)
                self.assertEqual(scores.index(max(scores)), label)

    def test_the_server_answers_in_the_form_of_predict(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "m.json"
            WordModel().save(path)
            server = subprocess.Popen([sys.executable, str(HERE / "serve.py"), str(path)], stdout=subprocess.PIPE, text=True)
            try:
                url = json.loads(server.stdout.readline())["base_url"] + "/predict"

                def ask(body):
                    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
                    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                    with opener.open(request, timeout=30) as reply:
                        return json.load(reply)
                found = ask({"inputs": [["a", "b"], ["", ""]], "raw_scores": False, "truncate": True})
                self.assertEqual([sorted(one["label"] for one in row) for row in found], [sorted(LABELS)] * 2)
                self.assertAlmostEqual(sum(one["score"] for one in found[0]), 1)
                for body in ({"inputs": "a"}, {"inputs": []}, {"inputs": [["a"]]}, {"inputs": [["a", 1]]}, {}):
                    with self.assertRaises(urllib.error.HTTPError) as raised:
                        ask(body)
                    self.assertEqual(raised.exception.code, 422)
                    raised.exception.close()
            finally:
                server.terminate()
                server.wait(10)
                server.stdout.close()


if __name__ == "__main__":
    unittest.main()
