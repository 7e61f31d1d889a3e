import Testing

@testable import RetortStages

@Suite struct StatedCodeTests {
  @Test(
    arguments: [
      ("```python\ndef f(x):\n    return x\n```", "def f(x):\n    return x\n"),
      (
        "```\ndef f(x): return 1\n```\nfor example\n```python\nprint(f(2))\n```\nDone.",
        "def f(x): return 1\n"
      ),
      ("```\nx = 1\n```\n```\ny = 2\n```", "y = 2\n"),
      ("```py\ndef f(x):\n    return", "def f(x):\n    return"),
      ("def f(x):\n    return 2", "def f(x):\n    return 2"),
      ("<think>```\ndef f(x): return 0\n```</think>\nf = lambda x: 1", "f = lambda x: 1"),
      ("  ```python\n  def f(x): return 3\n  ```", "  def f(x): return 3\n"),
      ("define f yourself", nil), ("", nil), ("def g(x): return 1", nil), ("```\n```", nil),
      ("<think>def f(x): return 1", nil),
    ] as [(String, String?)])
  func theBlockThatDefinesTheFunction(response: String, code: String?) {
    #expect(StatedCode.code(in: response, defining: "f") == code)
  }

  @Test func aProgramHasAFence() {
    #expect(StatedCode.code(in: "print(1)", defining: nil) == nil)
    #expect(StatedCode.code(in: "```\nprint(1)\n```", defining: nil) == "print(1)\n")
  }
}
