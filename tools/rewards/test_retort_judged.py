import json
import math
import threading
import unittest
import unittest.mock
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import retort_judged as judged

OFFICIAL = json.loads((Path(__file__).parents[2] / "Tests" / "golden-official.json").read_text())
TURN = [{"role": "user", "content": "Which?"}]


def thought(reasoning, answer):
    return f"<think>{reasoning}</think>{answer}"


class Server:
    """Answers POST requests with what a function makes of their body."""

    def __init__(self, answer):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked.append((self.path, body))
                text = json.dumps(answer(body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Fuzzy(unittest.TestCase):
    # TWYN-F: answers a to d, whose reasoning has these lengths.
    lengths = {"a": 120, "b": 80, "c": 300, "d": 200}
    wins = {"ab": "a", "ad": "d", "bc": "c", "bd": "d"}

    def judge(self, question, first, second):
        self.asked.append(first + second)
        winner = self.wins.get("".join(sorted(first + second)))
        return 0 if winner is None else 1 if winner == first else -1

    def scores(self, texts, **settings):
        self.asked = []
        reward = judged.trl_fuzzy(self.judge, **settings)
        self.assertEqual(reward.__name__, "retort_fuzzy")
        return reward(prompts=[TURN] * len(texts), completions=texts, completion_ids=None, trainer_state=None)

    def texts(self, **changed):
        return [changed.get(name) or thought("w" * length, name) for name, length in self.lengths.items()]

    def test_as_the_authors_have_it(self):
        self.assertEqual(self.scores(self.texts()), [1, -15, 3, 11])
        # d is judged all the same, whatever is wrong with it.
        self.assertEqual(self.scores(self.texts(d="w" * 200 + "</think>d")), [1, -15, 3, -300])
        self.assertEqual(len(self.asked), 6)
        self.assertEqual(self.scores(self.texts(d="w" * 200 + "</think>d"), opened=True), [1, -15, 3, 11])

    def test_limits(self):
        long = thought("w" * 200, "d" + " " * 3000)
        self.assertEqual(self.scores(self.texts(d=long)), [1, -15, 3, 11])  # blanks around an answer do not count
        self.assertEqual(self.scores(self.texts(), reasoning_limit=60)[2:], [-300, 11])
        self.assertEqual(self.scores(self.texts(), reasoning_limit=60, tokens=lambda text: 61), [-300] * 4)
        self.assertEqual(self.asked, [])
        self.assertEqual(self.scores(self.texts(), reasoning_limit=None, answer_limit=None), [1, -15, 3, 11])

    def test_parts_are_split_as_the_authors_do(self):
        for text, parts in (
            ("<think> a </think> b ", ("<think> a", "b")), ("<think>a", ("<think>a", "<think>a")), ("a", ("a", "a")),
            ("<think>a</think>b<answer> c </answer><answer>d</answer>", ("<think>a", "c")), ("", ("", "")),
        ):
            self.assertEqual(judged.split(text), parts)

    def test_groups_that_are_not_whole_are_refused(self):
        with self.assertRaisesRegex(ValueError, "in one call, found"):
            self.scores(self.texts()[:1])

    def test_a_judge_is_asked_in_both_orders(self):
        def answer(body):
            text = body["messages"][0]["content"]
            first, second = (text.split(f"Answer {place}:\n")[1].split("\n")[0] for place in "AB")
            said = "A" if {first, second} == {"x", "y"} else " B." if second > first else "A, since"
            return {"choices": [{"message": {"content": said}}]}

        with Server(answer) as server:
            judge = judged.ChatJudge(server.url + "/v1/", "m")
            self.assertEqual([judge("?", "p", "q"), judge("?", "q", "p"), judge("?", "x", "y")], [-1, 1, 0])
            environment = {"RETORT_JUDGE_URL": server.url, "RETORT_JUDGE_MODEL": "m", "RETORT_ANSWER_LIMIT": "0"}
            with unittest.mock.patch.dict("os.environ", environment):
                swift = judged.SwiftFuzzy(SimpleNamespace(num_generations=2))
            texts = [thought("11", "p"), thought("1", "q")]
            found = swift(texts, prompt_id=["g", "g"], messages=[TURN, TURN + [{"role": "assistant", "content": "q"}]])
            self.assertEqual(found, [-6, 6])
        self.assertEqual(server.asked[0][0], "/v1/chat/completions")
        self.assertEqual({body["max_tokens"] for _, body in server.asked}, {8})
        self.assertTrue(server.asked[-1][1]["messages"][0]["content"].startswith("Two answers to the same question"))

    def test_the_judge_reads_what_the_stage_sends(self):
        source = (Path(__file__).parents[2] / "Sources/RetortStages/Synthesis/PromptText.swift").read_text()
        sent = source.split('static let comparePair = """\n')[1].split('"""')[0]
        lines = "\n".join(line.strip() for line in sent.strip().splitlines())
        for name in ("question", "first", "second"):
            lines = lines.replace("{{%s}}" % name, "{%s}" % name)
        self.assertEqual(lines, judged.COMPARE)


class Uncertain(unittest.TestCase):
    def test_streams(self):
        for case in OFFICIAL["purm_stream"]:
            given, expected = case["input"], case["expected"]
            stream = judged.Uncertain(given["penalty"], given["window"], given["warm_up"])
            for mu, sigma, uncertainty, reward in zip(
                    given["mu"], given["sigma"], expected["uncertainty"], expected["reward"]):
                self.assertAlmostEqual(stream(mu, sigma), reward, delta=1e-9)
                if uncertainty is None:
                    self.assertIsNone(stream.uncertainty)
                else:
                    self.assertAlmostEqual(stream.uncertainty, uncertainty, delta=1e-9)

    def test_deviations(self):
        for case in OFFICIAL["purm_sigma"]:
            found = judged.Uncertain(warm_up=9)(case["input"]["mu"], judged.deviation(case["input"]["s"]))
            self.assertEqual(found is None, case["expected"]["drop"])
            if not case["expected"]["drop"]:
                self.assertAlmostEqual(judged.deviation(case["input"]["s"]), case["expected"]["sigma"], delta=1e-9)

    def test_numbers_that_ran_over_are_none_and_not_remembered(self):
        stream = judged.Uncertain(1, warm_up=2)
        for mu, sigma in ((1e300, 1), (math.nan, 1), (1, math.inf), (1, -1), (1, math.nan), (None, 1)):
            self.assertIsNone(stream(mu, sigma))
        self.assertEqual((stream.seen, len(stream.last)), (0, 0))
        self.assertEqual(stream(3, 1), 3)
        self.assertEqual(stream(3, 1), 2)  # the same again: an overlap of 1
        self.assertEqual(stream(3, 0), 3 - judged.overlap(3, 1e-3, 3, 1))

    def test_a_common_scale_decides_nothing_where_mu_is_standardized(self):
        pairs = [(0.5, 1), (2, 0.4), (-1, 3), (2, 2), (7, 0.1), (7, 0.1)]
        plain = judged.Uncertain(2, 4, 2, standardize=True)
        scaled = judged.Uncertain(2, 4, 2, standardize=True)
        for mu, sigma in pairs:
            self.assertAlmostEqual(plain(mu, sigma), scaled(10 * mu + 3, 10 * sigma), delta=1e-9)
        # The first has no deviation to be measured by.
        self.assertEqual(judged.Uncertain(standardize=True)(5, 1), 0)
        self.assertRaises(ValueError, judged.Uncertain, window=1)
        self.assertRaises(ValueError, judged.Uncertain, -1)

    def test_a_served_reward_model(self):
        replies = {"a": [2.0, 0.0], "b": [[1.0, 1.0], [-1.0, 10.0]], "c": [None, 0.0], "d": [1.0]}
        with Server(lambda body: {"data": [{"data": replies[body["messages"][-1]["content"]]}]}) as server:
            score = judged.RewardServer(server.url, "m")
            self.assertEqual(score(TURN + [{"role": "assistant", "content": "b"}]), (-1, math.e))
            self.assertRaises(ValueError, score, TURN + [{"role": "assistant", "content": "d"}])
            reward = judged.trl_purm(score, penalty=1, warm_up=2)
            said = [[{"role": "assistant", "content": text}] for text in "aacb"]
            found = reward(prompts=[TURN, "Which?", TURN, TURN], completions=said)
            self.assertEqual(found[:3], [2, 1, None])
            environment = {"RETORT_REWARD_URL": server.url, "RETORT_REWARD_MODEL": "m", "RETORT_PENALTY": "1",
                           "RETORT_WARM_UP": "2"}
            with unittest.mock.patch.dict("os.environ", environment):
                swift = judged.SwiftPURM()
                self.assertEqual(swift(["a", "a", "c"], messages=[TURN] * 3), [2, 1, 0])
                with unittest.mock.patch.object(judged, "_purm", None):
                    self.assertEqual(judged.purm_score("r", "a", "", {"question": "Which?"}), 2)
        self.assertEqual(server.asked[0][0], "/pooling")
        self.assertEqual(server.asked[-1][1]["messages"][0], TURN[0])


if __name__ == "__main__":
    unittest.main()
