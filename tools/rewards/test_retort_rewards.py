"""python3 -m unittest discover -s tools/rewards: the reward module against values computed with numpy, and the ways
in which trainers call it."""

import json
import math
import unittest
import unittest.mock
from pathlib import Path
from types import SimpleNamespace

import retort_rewards as retort

TESTS = Path(__file__).parents[2] / "Tests"
GOLDEN = json.loads((TESTS / "golden-rewards.json").read_text())
OFFICIAL = json.loads((TESTS / "golden-official.json").read_text())
FORMS = json.loads((TESTS / "answer-forms.json").read_text())
TURN = [{"role": "user", "content": "Which?"}]
OTHER = [{"role": "user", "content": "Who?"}]


def said(text):
    return [{"role": "assistant", "content": text}]


class Formulas(unittest.TestCase):
    def close(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for one, other in zip(found, expected):
            self.assertAlmostEqual(one, other, delta=1e-6)

    def test_gr3(self):
        norms = {"mean": "A_meanonly", "sample-std": "A_ddof1", "population-std": "A_ddof0"}
        for case in GOLDEN["gr3"]:
            for norm, key in norms.items():
                with self.subTest(case["name"], norm=norm):
                    scales, rewards, advantages = retort.gr3(case["reward"], case["length"], case["alpha"], norm)
                    self.close(scales, case["expect"]["S"])
                    self.close(rewards, case["expect"]["Rhat"])
                    self.close(advantages, case["expect"][key])

    def test_twyn(self):
        for case in GOLDEN["twyn_verifiable"]:
            with self.subTest(case["name"]):
                scores, advantages = retort.twyn(
                    case["correct"], case["length"], case["alpha"], case["beta"], case["anchors"])
                self.close(scores, case["expect"]["scores"])
                self.close(advantages, case["expect"]["adv"])

    def test_trajectories(self):
        for name, reward in [("deepeyes_reward", retort.deepeyes), ("deepeyes_v2_reward", retort.deepeyes_v2)]:
            for case in OFFICIAL[name]:
                with self.subTest(name, note=case["note"]):
                    given = case["input"]
                    text = "".join(part * times for part, times in given["parts"])
                    task = {"reason": "maths"}.get(given["form"], given["form"])
                    self.close([reward(text, float(given["judge_right"]), task)], [case["expected"]["reward"]])

    def test_fuzzy_comparisons(self):
        for case in OFFICIAL["twyn_fuzzy"]:
            with self.subTest(case["note"]):
                verdicts = {(i, k): {"first": 1, "second": -1}.get(who, 0) for i, k, who in case["input"]["verdicts"]}
                scores, advantages = retort.twyn_fuzzy(
                    lambda i, k: verdicts[i, k], case["input"]["reasoning_length"], case["input"]["malformed"],
                    case["input"]["alpha"], case["input"]["beta"])
                self.close(scores, case["expected"]["scores"])
                self.close(advantages, case["expected"]["advantages"])

    def test_rewards_relative_to_a_reference_and_groups_set_aside(self):
        norms = {"mean": "mean_only", "sample-std": "sample_std", "population-std": "population_std"}
        for case in OFFICIAL["gr3_reference"]:
            with self.subTest(case["note"]):
                given = case["input"]
                rewards = given.get("rewards") or [
                    retort.relative(score, given["reference_score"]) for score in given["scores"]]
                self.close(rewards, case["expected"]["reward"])
                for norm, key in norms.items():
                    _, rescaled, advantages = retort.gr3(
                        rewards, given["lengths"], given["alpha"], norm, set_aside=True)
                    self.close(rescaled, case["expected"]["rescaled"])
                    self.close(advantages, case["expected"][key])

    def test_a_group_of_one_has_no_advantage(self):
        self.assertEqual(retort.gr3([1], [5])[2], [0.0])

    def test_numbers_that_say_nothing_are_refused(self):
        for call in (
            lambda: retort.gr3([-1, 1], [1, 1]),
            lambda: retort.gr3([math.nan, 1], [1, 1]),
            lambda: retort.twyn([True, False], [0, 1]),
            lambda: retort.twyn([True], [1, 2]),
            lambda: retort.advantages([1, 2], "none"),
        ):
            self.assertRaises(ValueError, call)


class Verifiers(unittest.TestCase):
    def test_answers_are_found(self):
        for text, answer in (
            ("<think>a</think> The answer is (B).", "(B)"),
            ("<answer> 3 </answer> or <answer>4</answer>", "4"),
            (r"so \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
            ("Answer: 7\nBye", "7"),
            (" C ", "C"),
        ):
            self.assertEqual(retort.answer_of(text), answer)

    def test_verifiers(self):
        for verifier, answer, reference, right in (
            ("choice", "(B)", "b", True), ("choice", "option C is correct", "B", False),
            ("choice", "nothing", "B", None), ("exact", " Two  words", "two words", True),
            ("number", "about 1,250", "1250.0", True), ("number", "50%", "1/2", True), ("number", "none", "1", None),
            ("json", '{"b":[1.0],"a":true}', '{"a":true,"b":[1]}', True), ("json", "[1]", "[true]", False),
            ("json", "no", "1", None),
        ):
            with self.subTest(verifier, answer=answer):
                self.assertIs(retort.verify(answer, reference, verifier), right)
        self.assertRaises(ValueError, retort.verify, "B", "not a letter", "choice")
        self.assertRaises(ValueError, retort.verify, "3", "three", "number")
        self.assertRaises(ValueError, retort.verify, "B", "B", "judge")


class StatedAnswers(unittest.TestCase):
    def test_letters(self):
        for form in FORMS["letters"]:
            with self.subTest(form["text"]):
                self.assertEqual(retort.stated_letter(form["text"], form["options"]), form["answer"])

    def test_numbers(self):
        for form in FORMS["numbers"]:
            with self.subTest(form["text"]):
                found = retort.stated_number(form["text"], form.get("decimal"))
                expected = form["value"] if form["value"] is None else float(form["value"])
                self.assertEqual(found and found.value, expected)

    def test_the_shorter_text_states_the_same(self):
        for text, answer in (
            ("Two.\n\n**Answer:** B", "B"), ("The answer is A.\n\nNo, wait. It is B.", "The answer is A.\n\nNo, wait. It is B."),
            ("<think>The answer is A", ""),
        ):
            self.assertEqual(retort.answer_of(text), answer)


class Trainers(unittest.TestCase):
    # Of the first prompt: right and short, right and long, wrong; of the second: right, wrong.
    texts = ["Answer: A", "Well. Answer: A", "Answer: B", "Answer: C", "Answer: D"]
    references = ["A", "A", "A", "C", "C"]
    tokens = [[0] * 4, [0] * 8, [0] * 6, [0] * 2, [0] * 2]
    twyn = [11.0, 9.0, -20.0, 10.0, -10.0]
    gr3 = [1 / (1 + 0.33 * 4 / 6), 1 / (1 + 0.33 * 8 / 6), 0.0, 1 / 1.33, 0.0]

    def test_trl(self):
        prompts = [TURN] * 3 + [OTHER] * 2
        for method, expected in (("twyn", self.twyn), ("gr3", self.gr3)):
            reward = retort.trl_reward(method, verifier="choice")
            self.assertEqual(reward.__name__, f"retort_{method}")
            for form in (said, str):
                found = reward(
                    prompts=prompts, completions=[form(t) for t in self.texts], completion_ids=self.tokens,
                    ground_truth=self.references, trainer_state=None)
                self.assertEqual(found, expected)

    def test_groups_need_not_be_contiguous(self):
        order = [3, 0, 4, 2, 1]
        prompts = [TURN] * 3 + [OTHER] * 2
        reward = retort.trl_reward(verifier="choice")
        found = reward([prompts[i] for i in order], [self.texts[i] for i in order],
                       [self.tokens[i] for i in order], [self.references[i] for i in order])
        self.assertEqual(found, [self.twyn[i] for i in order])

    def test_a_prompt_drawn_twice_is_two_groups(self):
        reward = retort.trl_reward(verifier="choice", group_size=2)
        found = reward([TURN] * 4, ["A", "B", "A", "A"], [[0], [0, 0], [0], [0, 0]], ["A"] * 4)
        self.assertEqual(found, [10.0, -10.0, 1.0, -1.0])

    def test_groups_that_are_not_whole_are_refused(self):
        for size, count in ((None, 1), (2, 3)):
            reward = retort.trl_reward(verifier="choice", group_size=size)
            with self.assertRaisesRegex(ValueError, "in one call, found"):
                reward([TURN] * count, ["A"] * count, [[0]] * count, ["A"] * count)

    def test_missing_answers_are_refused(self):
        reward = retort.trl_reward()
        self.assertRaises(ValueError, reward, [TURN] * 2, ["A", "B"], [[0]] * 2)
        self.assertRaises(ValueError, reward, [TURN] * 2, ["A", "B"], [[0]] * 2, ["A", ""])

    def test_an_unreadable_answer_takes_no_side(self):
        group = retort.GroupReward("twyn", verifier="choice", anchors=True)
        texts = ["Answer: A", "Answer: B", "Answer: A or B"]
        rewards, advantages = group.compare("ppp", [group.quality(text, "A") for text in texts], [4, 6, 5])
        others = group.compare("pp", [1.0, 0.0], [4, 6])
        self.assertEqual((rewards[:2], advantages[:2]), others)
        self.assertEqual((rewards[2], advantages[2]), (sum(others[0]) / 2, 0.0))

    def test_a_group_set_aside_gets_one_reward(self):
        group = retort.GroupReward("gr3", verifier="choice", set_aside=True)
        rewards, advantages = group.compare("ppqq", [1.0, 1.0, 1.0, 0.0], [1, 9, 1, 9])
        self.assertEqual((rewards[:2], advantages[:2]), ([1 / 1.33] * 2, [0.0] * 2))
        self.assertEqual(
            (rewards[2:], advantages[2:]), retort.GroupReward("gr3").compare("qq", [1.0, 0.0], [1, 9]))
        with unittest.mock.patch.dict("os.environ", {"RETORT_SET_ASIDE": "1"}):
            self.assertTrue(retort.SwiftGR3().reward.set_aside)

    def test_a_function_may_judge(self):
        reward = retort.trl_reward("gr3", verifier=lambda completion, reference: 0.5)
        self.assertEqual(reward([TURN] * 2, ["a", "b"], [[0]] * 2, ["x"] * 2), [0.5 / 1.33] * 2)

    def test_ms_swift(self):
        kwargs = {
            "solution": ["A"] * 2, "prompt_id": ["p"] * 2, "response_token_ids": [[[1, 2]], [[1, 2, 3, 4]]],
            "messages": [TURN] * 2, "trainer_state": None,
        }
        with unittest.mock.patch.dict("os.environ", {"RETORT_VERIFIER": "choice", "RETORT_ALPHA": "", "RETORT_BETA": ""}):
            twyn = retort.SwiftTWYN(SimpleNamespace(num_generations=2))
            gr3 = retort.SwiftGR3()
        self.assertEqual(twyn(["A", "A"], **kwargs), [1.0, -1.0])
        self.assertEqual(gr3(["A", "B"], **kwargs), [1 / (1 + 0.33 * 2 / 3), 0.0])

    def test_verl(self):
        self.assertEqual(retort.compute_score("r", "Answer: A", "A", {}, verifier="choice"), 1.0)
        self.assertEqual(retort.compute_score("r", "Answer: B", "A", {}, verifier="choice"), 0.0)

    def test_advantages_of_quality_that_is_known(self):
        keys, correct, lengths = ["p", "q", "p", "q", "p"], [1.0, 0.0, 0.0, 1.0, 1.0], [4, 6, 6, 2, 8]
        expected = [0.0] * 5
        for members in ([0, 2, 4], [1, 3]):
            _, found = retort.twyn([correct[i] == 1 for i in members], [lengths[i] for i in members])
            for i, value in zip(members, found):
                expected[i] = value
        self.assertEqual(retort.GroupReward("twyn", anchors=True).compare(keys, correct, lengths)[1], expected)


if __name__ == "__main__":
    unittest.main()
