internal import RetortCore

/// One thing that a small function does: in words, in Python, and as it is done here, which makes the tests.
struct FunctionStep: Sendable {
  let takes: FunctionKind
  let gives: FunctionKind
  /// What stands after "The function", such as `keeps only the even numbers`.
  let words: String
  /// A line of Python, in which `x` is what it has and becomes what it gives.
  let python: String
  let run: @Sendable (FunctionValue) -> FunctionValue

  private init(
    list words: String, _ python: String, _ run: @escaping @Sendable ([Int]) -> [Int]
  ) {
    (takes, gives, self.words, self.python) = (.list, .list, words, python)
    self.run = { if case .numbers(let all) = $0 { .numbers(run(all)) } else { .none } }
  }

  private init(
    sum words: String, _ python: String, _ run: @escaping @Sendable ([Int]) -> FunctionValue
  ) {
    (takes, gives, self.words, self.python) = (.list, .number, words, python)
    self.run = { if case .numbers(let all) = $0 { run(all) } else { .none } }
  }

  private init(
    text words: String, _ python: String, _ run: @escaping @Sendable (String) -> String
  ) {
    (takes, gives, self.words, self.python) = (.text, .text, words, python)
    self.run = { if case .text(let text) = $0 { .text(run(text)) } else { .none } }
  }

  private init(
    count words: String, _ python: String, _ run: @escaping @Sendable (String) -> Int
  ) {
    (takes, gives, self.words, self.python) = (.text, .number, words, python)
    self.run = { if case .text(let text) = $0 { .number(run(text)) } else { .none } }
  }

  private init(
    number words: String, _ python: String, _ run: @escaping @Sendable (Int) -> Int
  ) {
    (takes, gives, self.words, self.python) = (.number, .number, words, python)
    self.run = { if case .number(let number) = $0 { .number(run(number)) } else { .none } }
  }

  /// A step of a kind that takes it; one that ends a list or a text only where it is the last.
  static func draw(
    _ kind: FunctionKind, isLast: Bool, _ random: inout SplitMix64
  ) -> FunctionStep {
    let steps =
      switch kind {
      case .list: lists(&random) + (isLast ? sums(&random) : [])
      case .text: texts(&random) + (isLast ? counts(&random) : [])
      case .number: numbers(&random)
      }
    return random.pick(steps) ?? steps[0]
  }

  // MARK: Lists

  private static func lists(_ random: inout SplitMix64) -> [FunctionStep] {
    let (k, m, first) = (2 + random.below(3), 2 + random.below(8), 2 + random.below(3))
    return [
      FunctionStep(list: "keeps only the even numbers", "[n for n in x if n % 2 == 0]") {
        $0.filter { $0.isMultiple(of: 2) }
      },
      FunctionStep(list: "keeps only the odd numbers", "[n for n in x if n % 2 != 0]") {
        $0.filter { !$0.isMultiple(of: 2) }
      },
      FunctionStep(list: "keeps only the numbers greater than \(m)", "[n for n in x if n > \(m)]") {
        $0.filter { $0 > m }
      },
      FunctionStep(list: "leaves out the negative numbers", "[n for n in x if n >= 0]") {
        $0.filter { $0 >= 0 }
      },
      FunctionStep(list: "multiplies each number by \(k)", "[n * \(k) for n in x]") { $0.map { $0 * k } },
      FunctionStep(list: "adds \(m) to each number", "[n + \(m) for n in x]") { $0.map { $0 + m } },
      FunctionStep(list: "squares each number", "[n * n for n in x]") { $0.map { $0 * $0 } },
      FunctionStep(list: "reverses the order", "x[::-1]") { $0.reversed() },
      FunctionStep(list: "sorts the numbers from small to large", "sorted(x)") { $0.sorted() },
      FunctionStep(list: "sorts the numbers from large to small", "sorted(x, reverse=True)") {
        $0.sorted(by: >)
      },
      FunctionStep(
        list: "drops every number that stood in the list before, keeping its first place",
        "list(dict.fromkeys(x))"
      ) { $0.reduce(into: []) { if !$0.contains($1) { $0.append($1) } } },
      FunctionStep(list: "keeps only the first \(first) numbers", "x[:\(first)]") { Array($0.prefix(first)) },
      FunctionStep(list: "leaves out the first number", "x[1:]") { Array($0.dropFirst()) },
      FunctionStep(
        list: "replaces each number by the sum of all numbers up to it",
        "[sum(x[:i + 1]) for i in range(len(x))]"
      ) { $0.reduce(into: []) { $0.append(($0.last ?? 0) + $1) } },
      FunctionStep(
        list: "keeps every second number, beginning with the first", "x[::2]"
      ) { all in all.indices.filter { $0 % 2 == 0 }.map { all[$0] } },
    ]
  }

  private static func sums(_ random: inout SplitMix64) -> [FunctionStep] {
    let m = 3 + random.below(6)
    return [
      FunctionStep(sum: "returns their sum, 0 for none", "sum(x)") { .number($0.reduce(0, +)) },
      FunctionStep(sum: "returns the largest of them, or None if there is none", "max(x) if x else None") {
        $0.max().map { .number($0) } ?? .none
      },
      FunctionStep(sum: "returns the smallest of them, or None if there is none", "min(x) if x else None") {
        $0.min().map { .number($0) } ?? .none
      },
      FunctionStep(sum: "returns how many of them are greater than \(m)", "sum(1 for n in x if n > \(m))") {
        all in
        .number(all.count { $0 > m })
      },
      FunctionStep(sum: "returns how many different numbers there are", "len(set(x))") {
        .number(Set($0).count)
      },
      FunctionStep(
        sum: "returns the difference between the largest and the smallest, or 0 if there is none",
        "max(x) - min(x) if x else 0"
      ) { .number(($0.max() ?? 0) - ($0.min() ?? 0)) },
    ]
  }

  // MARK: Texts

  private static let vowels: Set<Character> = ["a", "e", "i", "o", "u"]

  private static func texts(_ random: inout SplitMix64) -> [FunctionStep] {
    let length = 3 + random.below(2)
    let letter = random.pick(["a", "e", "o", "n", "t"]) ?? "a"
    let other = random.pick(["x", "z", "q"]) ?? "x"
    @Sendable func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
    return [
      FunctionStep(text: "makes all letters upper case", "x.upper()") { $0.uppercased() },
      FunctionStep(text: "removes the vowels a, e, i, o and u", "''.join(c for c in x if c not in 'aeiou')") {
        $0.filter { !vowels.contains($0) }
      },
      FunctionStep(text: "reverses the order of the characters", "x[::-1]") { String($0.reversed()) },
      FunctionStep(text: "reverses the order of the words", "' '.join(x.split()[::-1])") {
        words($0).reversed().joined(separator: " ")
      },
      FunctionStep(text: "reverses each word by itself", "' '.join(w[::-1] for w in x.split())") {
        words($0).map { String($0.reversed()) }.joined(separator: " ")
      },
      FunctionStep(
        text: "keeps only the words with more than \(length) characters",
        "' '.join(w for w in x.split() if len(w) > \(length))"
      ) { words($0).filter { $0.count > length }.joined(separator: " ") },
      FunctionStep(text: "replaces every \(letter) by \(other)", "x.replace('\(letter)', '\(other)')") {
        $0.replacing(letter, with: other)
      },
      FunctionStep(text: "sorts the words by the alphabet", "' '.join(sorted(x.split()))") {
        words($0).sorted {
          Array($0.unicodeScalars.map(\.value)).lexicographicallyPrecedes($1.unicodeScalars.map(\.value))
        }
        .joined(separator: " ")
      },
      FunctionStep(text: "removes all spaces", "x.replace(' ', '')") { $0.replacing(" ", with: "") },
      FunctionStep(
        text: "keeps of each word the first character", "''.join(w[0] for w in x.split())"
      ) { words($0).map { String($0.prefix(1)) }.joined() },
      FunctionStep(text: "writes every character twice", "''.join(c * 2 for c in x)") {
        String($0.flatMap { [$0, $0] })
      },
      FunctionStep(text: "removes the digits", "''.join(c for c in x if not c.isdigit())") {
        $0.filter { !$0.isNumber }
      },
    ]
  }

  private static func counts(_ random: inout SplitMix64) -> [FunctionStep] {
    let letter = random.pick(["a", "e", "o", "n", "t"]) ?? "a"
    return [
      FunctionStep(count: "returns how many characters it has", "len(x)") { $0.count },
      FunctionStep(count: "returns how many words it has", "len(x.split())") {
        $0.split(separator: " ").count
      },
      FunctionStep(count: "returns how often the letter \(letter) occurs", "x.count('\(letter)')") { text in
        text.count { String($0) == letter }
      },
      FunctionStep(
        count: "returns the length of its longest word, 0 for none", "max([len(w) for w in x.split()] or [0])"
      ) {
        $0.split(separator: " ").map(\.count).max() ?? 0
      },
    ]
  }

  // MARK: Numbers

  private static func numbers(_ random: inout SplitMix64) -> [FunctionStep] {
    let (k, m, d) = (2 + random.below(4), 3 + random.below(9), 3 + random.below(5))
    return [
      FunctionStep(number: "multiplies it by \(k)", "x * \(k)") { $0 * k },
      FunctionStep(number: "adds \(m)", "x + \(m)") { $0 + m },
      FunctionStep(number: "subtracts \(m)", "x - \(m)") { $0 - m },
      FunctionStep(number: "squares it", "x * x") { $0 * $0 },
      FunctionStep(number: "takes its absolute value", "abs(x)") { abs($0) },
      FunctionStep(
        number: "halves it if it is even, and adds 1 if it is odd", "x // 2 if x % 2 == 0 else x + 1"
      ) { $0.isMultiple(of: 2) ? $0 / 2 : $0 + 1 },
      FunctionStep(
        number: "takes the sum of its decimal digits, without the sign", "sum(int(c) for c in str(abs(x)))"
      ) {
        String(abs($0)).compactMap(\.wholeNumberValue).reduce(0, +)
      },
      FunctionStep(
        number: "takes the remainder of its absolute value by \(d)", "abs(x) % \(d)"
      ) { abs($0) % d },
      FunctionStep(
        number: "subtracts \(m) if it is greater than \(m), and leaves it as it is otherwise",
        "x - \(m) if x > \(m) else x"
      ) { $0 > m ? $0 - m : $0 },
      FunctionStep(
        number: "reverses its decimal digits, keeping the sign",
        "int(str(abs(x))[::-1]) * (-1 if x < 0 else 1)"
      ) { (Int(String(String(abs($0)).reversed())) ?? 0) * ($0 < 0 ? -1 : 1) },
      FunctionStep(number: "changes its sign if it can be divided by \(d)", "-x if x % \(d) == 0 else x") {
        $0.isMultiple(of: d) ? -$0 : $0
      },
    ]
  }
}
