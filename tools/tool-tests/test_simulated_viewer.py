"""The simulated viewer knows pixels alone, asks for a closer look, and answers a draw again as it did."""
import base64
import json
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from client import TOOLS, Client

ZOOM = {"type": "function", "function": {"name": "image_zoom_in_tool", "parameters": {"type": "object"}}}


class Viewer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.home.name) / "scenes"
        subprocess.run([TOOLS / "make-scenes", folder, "--count", "5", "--seed", "2"], check=True, stdout=subprocess.DEVNULL)
        cls.rows = [json.loads(line) for line in (folder / "scenes.jsonl").read_text().splitlines()]
        cls.images = [base64.b64encode((folder / row["image"]).read_bytes()).decode() for row in cls.rows]
        cls.server = subprocess.Popen([TOOLS / "serve-simulated-viewer", "--noise", "4", "--max-pixels", "150000"], stdout=subprocess.PIPE, text=True)
        cls.base = json.loads(cls.server.stdout.readline())["base_url"]
        cls.zoom = Client(str(TOOLS / "image-server"))

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(timeout=20)
        cls.server.stdout.close()
        cls.zoom.close()
        cls.home.cleanup()

    def ask(self, body):
        request = urllib.request.Request(self.base + "/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as reply:
            return json.loads(reply.read())

    def turn(self, place, **more):
        parts = [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + self.images[place]}}, {"type": "text", "text": self.rows[place]["question"]}]
        return {"model": "simulated-viewer", "messages": [{"role": "user", "content": parts}], "temperature": 1, "seed": 1, **more}

    def test_says_what_it_is(self):
        reply = self.ask(self.turn(0))
        self.assertEqual(reply["model"], "simulated-viewer")
        self.assertIn("<think>Simulated viewer: ", reply["choices"][0]["message"]["content"])

    def test_a_draw_is_answered_again_as_it_was(self):
        first = [self.ask(self.turn(0, seed=seed))["choices"] for seed in (1, 2)]
        self.assertEqual([self.ask(self.turn(0, seed=seed))["choices"] for seed in (1, 2)], first)

    def test_a_closer_look_in_both_protocols(self):
        place = min((n for n, row in enumerate(self.rows) if row["kind"] == "read"), key=lambda n: self.rows[n]["number_height"])
        body = self.turn(place, tools=[ZOOM])
        message = self.ask(body)["choices"][0]["message"]
        call = message["tool_calls"][0]["function"]
        arguments = json.loads(call["arguments"])
        box, gold = arguments["bbox_2d"], self.rows[place]["box"]
        self.assertEqual(call["name"], "image_zoom_in_tool")
        self.assertTrue(box[0] < gold[2] and gold[0] < box[2] and box[1] < gold[3] and gold[1] < box[3], (box, gold))
        text, images, _ = self.zoom.call("image_zoom_in_tool", images=[self.images[place]], **arguments)
        crop = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + images[0]}}]}
        body["messages"] += [message, {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": text}, crop]
        said = self.ask(body)["choices"][0]["message"]["content"]
        self.assertEqual(re.search("<answer>(.*)</answer>", said)[1], self.rows[place]["answer"])

        body = self.turn(place)
        body["messages"].insert(0, {"role": "system", "content": "image_zoom_in_tool: call it as <tool_call>{}</tool_call>"})
        said = self.ask(body)["choices"][0]["message"]["content"]
        self.assertEqual(json.loads(re.search("<tool_call>(.*)</tool_call>", said)[1]), {"name": "image_zoom_in_tool", "arguments": arguments})

    def test_other_questions_and_requests(self):
        said = self.ask({"messages": [{"role": "user", "content": "What is life?"}]})["choices"][0]["message"]["content"]
        self.assertIn("<answer>unknown</answer>", said)
        words = "A path has 13 steps, and 40 more are built. How many steps has it then?"
        said = self.ask({"messages": [{"role": "system", "content": "in \\boxed{}"}, {"role": "user", "content": words}], "temperature": 0})
        self.assertIn("<answer>\\boxed{53}</answer>", said["choices"][0]["message"]["content"])
        address = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
        for body in ({}, {"messages": 3}, {"messages": [{"role": "user", "content": [address]}]}, {"messages": [], "n": 2}):
            with self.assertRaises(urllib.error.HTTPError) as found:
                self.ask(body)
            self.assertEqual(found.exception.code, 400)
            found.exception.close()


if __name__ == "__main__":
    unittest.main()
