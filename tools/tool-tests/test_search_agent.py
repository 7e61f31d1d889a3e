"""Of the simulated search agent: it solves by its calls alone, and says of itself that it is none."""
import importlib.machinery
import importlib.util
import pathlib
import types
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[1] / "search-agent"


def load():
    loader = importlib.machinery.SourceFileLoader("search_agent", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("search_agent", loader))
    loader.exec_module(module)
    return module


AGENT = load()
PAGES = {
    "Ada Low": "Ada Low is also called A. Low. Ada Low was born in Oslo.",
    "Bo Tarn": "Bo Tarn was born in Oslo. Bo Tarn works at Ash Hall.",
    "People of Elm Museum": "A. Low works at Elm Museum.",
    "Elm Museum": "Elm Museum was founded in 1823.",
    "Ash Hall": "Ash Hall was founded in 1831.",
    "Rell": "Rell was founded in 1803.",
}
QUESTION = ("Which person is meant? This person was born in Oslo. This person works at institution A. Institution A was founded "
            "20 years after Rell was founded.")
SYSTEM = "You may use tools.\n<search>…</search>: Search.\n<open>…</open>: Read."


def search(words):
    """All documents with a word of the query, as the tool writes them."""
    terms = set(words.lower().split()) - {"in", "at", "was"}
    hits = [(len(terms & set((title + " " + text).lower().replace(".", "").split())), title) for title, text in PAGES.items()]
    return "\n\n".join(f"[{list(PAGES).index(title) + 1}] {title}\n{PAGES[title]}"
                       for count, title in sorted(hits, key=lambda hit: -hit[0])[:3] if count) or "No document matches. Try other words."


def play(options, seed=1, temperature=0.0, question=QUESTION, native=False):
    """(answer, calls)."""
    messages = [{"role": "system", "content": "" if native else SYSTEM}, {"role": "user", "content": question}]
    tools = [{"function": {"name": name}} for name in ("search", "open")] if native else None
    for calls in range(60):
        request = {"messages": messages, "seed": seed, "temperature": temperature, "tools": tools}
        message = AGENT.reply(request, options)["choices"][0]["message"]
        text = message["content"]
        assert "Simulated search agent" in text
        if native:
            found = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", [])]
        else:
            found = AGENT.re.findall(r"<(search|open)>(.*?)</\1>", text)
        if not found:
            return AGENT.re.sub(r"<think>.*?</think>|</?answer>|\s+$", "", text).strip(), calls
        name, words = found[0]
        if native:
            words = next(iter(AGENT.json.loads(words).values()))
        result = search(words) if name == "search" else PAGES.get(words, "Error (error): expected a document")
        messages.append(message)
        messages.append({"role": "tool", "content": result} if native else {"role": "user", "content": f"<result>\n{result}\n</result>"})
    raise AssertionError("it goes on for ever")


class SearchAgentTests(unittest.TestCase):
    clear = types.SimpleNamespace(miss=0.0, slip=0.0, calls=16)

    def test_it_finds_what_the_documents_say(self):
        answer, calls = play(self.clear)
        self.assertEqual(answer, "Ada Low")
        self.assertTrue(1 <= calls <= 16)
        self.assertEqual(play(self.clear, native=True), (answer, calls))

    def test_without_tools_it_knows_nothing(self):
        request = {"messages": [{"role": "user", "content": QUESTION}]}
        message = AGENT.reply(request, self.clear)["choices"][0]["message"]
        self.assertEqual(message["content"], "<think>Simulated search agent: it has no search.</think>\nunknown")

    def test_other_questions_are_not_understood(self):
        self.assertEqual(play(self.clear, question="Who was Ada Low?"), ("unknown", 0))

    def test_calls_are_bounded(self):
        self.assertEqual(play(types.SimpleNamespace(miss=0.0, slip=0.0, calls=0)), ("unknown", 0))

    def test_noise_is_of_the_seed(self):
        noisy = types.SimpleNamespace(miss=0.5, slip=0.2, calls=16)
        answers = [play(noisy, seed=seed, temperature=1.0)[0] for seed in range(12)]
        self.assertEqual(answers, [play(noisy, seed=seed, temperature=1.0)[0] for seed in range(12)])
        self.assertIn("Ada Low", answers)
        self.assertGreater(len(set(answers)), 1)

    def test_it_takes_an_example_for_no_result_of_its_own(self):
        request = {"messages": [
            {"role": "system", "content": SYSTEM}, {"role": "user", "content": "Which person is meant? This person works at Rell Hall."},
            {"role": "assistant", "content": "<search>works at Rell Hall</search>"},
            {"role": "user", "content": "<result>\n[1] Ola\nOla works at Rell Hall.\n</result>"},
            {"role": "assistant", "content": "<answer>Ola</answer>"}, {"role": "user", "content": QUESTION}]}
        self.assertIn("<search>", AGENT.reply(request, self.clear)["choices"][0]["message"]["content"])


if __name__ == "__main__":
    unittest.main()
