"""Cells, what costs a session, and tests that code cannot read, forge or end."""
import base64
import json
import unittest

from client import TOOLS, Client, sandboxed

SERVER = str(TOOLS / "python-server")
LOST = "Its variables are lost; the next call begins a new session."
MADE_UP = r"said what is no result, and was ended( after its last call)?\. " + LOST


class Cells(unittest.TestCase):
    def setUp(self):
        self.client = Client(*sandboxed([SERVER, "--seconds", "60", "--characters", "100"]))

    def tearDown(self):
        self.client.close()

    def run_code(self, code, **more):
        text, images, fault = self.client.call("python", code=code, **more)
        return (text, fault)

    def test_protocol(self):
        asked = self.client.ask("initialize", protocolVersion="2025-06-18")["result"]
        self.assertEqual((asked["protocolVersion"], asked["capabilities"]), ("2025-06-18", {"tools": {}}))
        self.assertEqual(self.client.ask("initialize", protocolVersion="1999")["result"]["protocolVersion"], "2025-11-25")
        self.client.process.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
        tools = self.client.ask("tools/list")["result"]["tools"]
        self.assertEqual([tool["name"] for tool in tools], ["python"])
        self.assertEqual(self.client.ask("ping")["result"], {})
        self.assertEqual(self.client.ask("resources/list")["error"]["code"], -32601)
        self.assertEqual(self.client.send("no json")["error"]["code"], -32700)
        self.assertEqual(self.client.send("[1]")["error"]["code"], -32700)
        self.assertTrue(self.client.ask("tools/call", name="other", arguments={})["result"]["isError"])
        self.assertTrue(self.client.ask("tools/call", name="python", arguments={"code": 1})["result"]["isError"])

    def test_a_session_keeps_its_variables(self):
        self.assertEqual(self.run_code("x = 3\nprint('hi')\nx * 2"), ("hi\n[value]\n6", False))
        self.assertEqual(self.run_code("x + 1"), ("[value]\n4", False))
        self.assertEqual(self.run_code("x = 5"), ("(nothing was printed)", False))
        text, fault = self.run_code("def f():\n    1 / 0\nf()")
        self.assertTrue(fault)
        self.assertIn("ZeroDivisionError: division by zero", text)
        self.assertIn('File "<cell 4>", line 2, in f', text)
        self.assertEqual(self.run_code("import sys; print('e', file=sys.stderr); x"), ("[stderr]\ne\n[value]\n5", False))

    def test_code_is_not_mended(self):
        text, fault = self.run_code("  if True:\nprint(1)")
        self.assertTrue(fault)
        self.assertIn("IndentationError", text)

    def test_draws_are_the_same_in_a_new_session(self):
        code = "import random; print(random.random(), list({'a', 'b', 'c'}))"
        first = self.run_code(code)
        self.run_code("import os; os._exit(0)")
        self.assertEqual(self.run_code(code), first)

    def test_output_is_bounded(self):
        text, _ = self.run_code("print('a' * 5000)")
        self.assertEqual(text, "a" * 100 + "\n[cut: more than 100 characters]")

    def test_what_costs_the_session_says_so(self):
        for code, how in [("import os; os._exit(3)", "The process that ran the code ended itself with status 3. "),
                          ("import os; os.write(4, (2).to_bytes(8, 'big') + b'{}')", "The process that ran the code said what is no result, and was ended. "),
                          ("import os; os.write(4, b'forged so that it is no result')", "The process that ran the code said what is no result, and was ended. ")]:
            self.run_code("y = 1")
            self.assertEqual(self.run_code(code), (f"[error]\n{how}{LOST}", True))
            self.assertIn("NameError: name 'y'", self.run_code("y")[0])

    def test_code_that_hangs_costs_the_session(self):
        client = Client(*sandboxed([SERVER, "--seconds", "1"]))
        self.assertEqual(client.call("python", code="while True: pass"), (f"[error]\nThe code ran for 1 s and was ended. {LOST}", [], True))
        client.close()

    def test_a_forged_result_costs_the_next_call(self):
        forge = "import os; told = b'{\"call\": 1}'; os.write(4, len(told).to_bytes(8, 'big') + told)"
        self.assertEqual(self.run_code(forge), ("(nothing was printed)", False))
        # The true one comes before the next call, or after it was asked.
        self.assertRegex(self.run_code("1 + 1")[0], MADE_UP)
        self.assertEqual(self.run_code("1 + 1"), ("[value]\n2", False))

    def test_a_late_result_is_not_the_next_ones(self):
        late = "import os, time; told = b'{\"call\": 1}'; os.write(4, len(told).to_bytes(8, 'big') + told); time.sleep(1); 'late'"
        self.assertEqual(self.run_code(late), ("(nothing was printed)", False))
        self.assertRegex(self.run_code("import time; time.sleep(1)")[0], MADE_UP)
        self.assertEqual(self.run_code("1 + 1"), ("[value]\n2", False))

    def test_code_reaches_neither_replies_nor_the_server(self):
        text, _ = self.run_code("import os\nfor n in [n for n in range(64) if n not in (1, 2, 4)]:\n"
                                "    try: os.write(n, b'{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {}}\\n')\n    except OSError: pass")
        self.assertEqual(text, "(nothing was printed)")
        for code in ("os.kill(os.getppid(), 9)", "os.kill(-1, 9)", "os.listdir(f'/proc/{os.getppid()}/fd')" if "sandbox" in str(self.client.process.args) else "os.kill(-os.getpgid(os.getppid()), 9)"):
            text, fault = self.run_code(f"import os\n{code}")
            self.assertTrue(fault)
            self.assertIn("PermissionError", text)
        self.assertEqual(self.run_code("1"), ("[value]\n1", False))

    def test_a_copy_of_the_process_answers_nothing(self):
        self.assertEqual(self.run_code("import os\nif os.fork() == 0: z = 1\n'parent'")[1], False)
        self.assertEqual(self.run_code("2"), ("[value]\n2", False))

    def test_images(self):
        data = base64.b64encode(b"no image, but bytes").decode()
        tools = self.client.ask("tools/list")["result"]["tools"][0]["description"]
        if "bytes of image files" in tools:
            self.assertEqual(self.run_code("image_1", images=[data]), ("[value]\nb'no image, but bytes'", False))
            self.run_code("import os; os._exit(0)")
            self.assertEqual(self.run_code("len(image_1)"), ("[value]\n19", False))
        else:
            made = "import io\nfrom PIL import Image\n"
            text, images, fault = self.client.call("python", code=made + "Image.new('RGB', (8, 4), 'red')")
            self.assertEqual((text, len(images), fault), ("", 1, False))
            text, images, _ = self.client.call("python", images=images, code="show(Image.new('L', (40, 40)))\nimport os; os._exit(0)")
            self.assertIn(LOST, text)
            self.assertEqual(self.client.call("python", code="image_1.size")[0], "[value]\n(64, 32)")  # enlarged to sides of 32


class Tests(unittest.TestCase):
    TESTS = [{"input": [2, 3], "expected": 5}, {"assert": "assert add(1, 1) == 2"},
             {"check": "def check(candidate):\n    assert candidate(4, 4) == 8\n    try: candidate(None, 1)\n    except TypeError: pass\n    else: raise AssertionError"}]

    @classmethod
    def setUpClass(cls):
        cls.client = Client(*sandboxed([SERVER, "--tests", "--seconds", "60", "--all-seconds", "600"]))

    @classmethod
    def tearDownClass(cls):
        cls.client.close()

    def found(self, code, tests=None, entry="add"):
        text, _, fault = self.client.call("run_tests", code=code, tests=tests or self.TESTS, **({"entry": entry} if entry else {}))
        return text if fault else json.loads(text)

    def test_right_code_passes(self):
        self.assertEqual(self.found("def add(a, b): return a + b"),
                         {"passed": 3, "total": 3, "report": "", "tests": [{"passed": True}] * 3})

    def test_ways_to_cheat(self):
        for code, error in [
            ("import sys; sys.exit(0)", "SystemExit"), ("def add(a, b):\n    import os; os._exit(0)", "Ended"),
            ("class E(int):\n    def __eq__(s, o): return True\ndef add(a, b): return E(1)", "ValueError"),
            ("import builtins\nbuiltins.AssertionError = BaseException\ndef add(a, b): return 0", "AssertionError"),
            ("import os\nos.write(4, b'{\"passed\": true}')\nos._exit(0)", "Ended"),
            ("import os\ndef add(a, b):\n    os.kill(os.getppid(), 9)\n    return a + b", "PermissionError"),
            ("import os, sys\nfor n in range(3, 64):\n    try: os.write(n, (16).to_bytes(8, 'big') + b'{\"passed\": true}')\n    except OSError: pass\ndef add(a, b): return 0", "NoValue"),
            ("print('{\"passed\": true}')\nraise SystemExit", "SystemExit"), ("def add(a, b) return", "SyntaxError"), ("add = 3", "NameError"),
        ]:
            found = self.found(code)
            self.assertEqual((found["passed"], found["tests"][0]), (0, {"passed": False, "error": error}), code)

    def test_hidden_tests_are_nowhere_to_be_read(self):
        look = ("import os\ndef add(a, b):\n    seen = b''\n    for p in os.listdir('/proc'):\n        for f in ('cmdline', 'environ', 'mem', 'fd/0', 'fd/5'):\n"
                "            try: seen += open(f'/proc/{p}/{f}', 'rb').read(100000)\n            except (OSError, ValueError): pass\n"
                "    for d, _, fs in os.walk(os.getcwd()):\n        for f in fs: seen += open(os.path.join(d, f), 'rb').read()\n"
                "    return int(b'unguessable' in seen)")
        found = self.found(look, [{"assert": "unguessable = 0\nassert add(1, 1) == 0"}])
        self.assertEqual(found["passed"], 1)

    def test_time_is_each_tests_own(self):
        client = Client(*sandboxed([SERVER, "--tests", "--seconds", "8"]))
        text, _, _ = client.call("run_tests", code="def add(a, b):\n    while a == 2: pass\n    return a + b", tests=self.TESTS, entry="add")
        client.close()
        self.assertEqual([one.get("error") for one in json.loads(text)["tests"]], ["Timeout", None, None])

    def test_two_are_told_of_in_few_words(self):
        found = self.found("def add(a, b): raise ValueError('x' * 5000)", self.TESTS[:1] * 4)
        self.assertEqual((found["passed"], found["report"].count("failed:")), (0, 2))
        self.assertLessEqual(len(found["report"]), 2000)
        self.assertLessEqual(max(map(len, found["report"].splitlines())), 300)

    def test_values(self):
        code = "def f(k):\n    return [(1, 2.0), {'a': {3}}, None, b'x', 1e308 * 10, 2 ** 200][k]"
        tests = [{"assert": f"assert f({k}) == {v}"} for k, v in enumerate(["(1, 2.0)", "{'a': {3}}", "None", "b'x'", "float('inf')", "2 ** 200"])]
        self.assertEqual(self.found(code, tests, "f")["passed"], 6)
        self.assertEqual(self.found("def f(a): a.sort()", [{"assert": "x = [3, 1]; f(x); assert x == [1, 3]"}], "f")["passed"], 1)
        self.assertEqual(self.found("def f(): return 0.1 + 0.2, True", [{"input": [], "expected": [0.3, True]}, {"input": [], "expected": [0.3, 1]}], "f")["passed"], 1)

    def test_programs(self):
        tests = [{"stdin": "abc\n", "expected_output": "cba"}, {"stdin": "a", "expected_output": "b"}]
        self.assertEqual([one["passed"] for one in self.found("print(input()[::-1])", tests, None)["tests"]], [True, False])
        self.assertEqual(self.found("print('cba'); raise SystemExit(1)", tests[:1], None)["passed"], 0)

    def test_what_is_no_test_is_refused(self):
        for tests in ([{"input": 3, "expected": 3}], [{"expected": 3}], [{}], [3], [{"assert": "", "check": ""}]):
            self.assertIn("test 1: expected", self.found("", tests))


if __name__ == "__main__":
    unittest.main()
