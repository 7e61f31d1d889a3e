import Foundation
import OrderedCollections
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortRun
@testable import RetortStages

/// Parsers of what others wrote, fed with spoilt texts: each answers or throws its own error, and never crashes.
struct ParserFuzzTests {
  private static let replies = [
    #"{"claims":["a","b"],"n":[1,2.5,-3e10,true,null],"s":"\u00e9\ud83d\ude00\n"}"#,
    "<think>I see {braces} and [sic]</think>\nHere it is:\n```json\n{\"answer\": \"b\"}\n```\nDone.",
    "Sure! [1, [2, {\"a\": []}], \"x\"] and then {\"b\": 2}",
    #"{"a":{"b":{"c":[[[[{"d":"deep"}]]]]}}} trailing"#,
    "```\n[\"x\"]\n```\n```json\n{\"y\": 1}\n```",
  ]

  @Test func salvageAnswersOrSaysWhere() {
    var mutator = Mutator(seed: 1)
    for _ in 0..<(3000 * Mutator.effort) {
      let text = mutator.spoiltText(Self.replies)
      do throws(JSONError) {
        let json = try JSON.salvage(from: text)
        // What was read can be written and read again.
        #expect((try? JSON(parsing: json.text)) == json, "\(text)")
      } catch {
        #expect(!error.message.isEmpty && error.offset <= text.utf8.count, "\(text)")
      }
    }
  }

  @Test func whatIsReadAsJSONIsJSON() {
    var mutator = Mutator(seed: 2)
    for _ in 0..<(3000 * Mutator.effort) {
      let bytes = mutator.spoil(Self.replies)
      guard let json = try? JSON(parsing: bytes) else { continue }
      let other = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
      let text = String(decoding: bytes, as: UTF8.self)
      // Half a surrogate pair becomes U+FFFD here and is refused there.
      #expect(other != nil || text.lowercased().contains("\\ud"), "\(text)")
      #expect((try? JSON(parsing: json.canonical)).map(Digest.init(of:)) == Digest(of: json))
    }
  }

  @Test func linesAreTheSameWhateverTheChunk() async throws {
    let seeds = [
      "{\"a\":1}\n{\"a\":2}\r\n\n{\"b\":\"é\"}\n", "\u{FEFF}x\r\r\n\n\n", "no end",
      "long \(String(repeating: "y", count: 90))\n",
    ]
    var mutator = Mutator(seed: 3)
    for _ in 0..<(150 * Mutator.effort) {
      let bytes = mutator.spoil(seeds)
      let chunk = 1 + mutator.below(9)
      try await withFile("lines", bytes) { file in
        func lines(_ size: Int) throws -> [LineReader.Line] {
          var reader = try LineReader(file, limit: 64, chunkSize: size)
          var lines: [LineReader.Line] = []
          while let line = try reader.next() { lines.append(line) }
          return lines
        }
        let whole = try lines(1 << 20)
        #expect(try lines(chunk) == whole)
        #expect(whole.map(\.number) == Array(1..<(whole.count + 1)))
        _ = try await read(ReadJSONL(.init(file: file), in: noModels))
      }
    }
  }

  @Test func everyLogiQALineEndsInABlock() {
    let seed =
      "\na\nContext one.\nWhich one?\nA.first\nB.second\nC.third\nD.fourth\n\nb\nContext two.\nWhich?\nA.x\nB.y\nC.z\nD.w\n"
    var mutator = Mutator(seed: 4)
    for _ in 0..<(1500 * Mutator.effort) {
      let text = mutator.spoiltText([seed, seed + seed])
      var blocks = LogiQABlocks()
      var found: [LogiQABlocks.Block] = []
      var answers = 0
      for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        if !line.allSatisfy(\.isWhitespace) { answers += 1 }
        found += blocks.take(LineReader.Line(number: number + 1, text: .text(String(line))))
      }
      if let last = blocks.finish() { found.append(last) }
      #expect(found.isEmpty == (answers == 0), "\(text)")
      for case .question(let question) in found {
        #expect(question.options.count == 4 && ["a", "b", "c", "d"].contains(question.answer), "\(text)")
      }
      #expect(blocks.finish() == nil)
    }
  }

  @Test func taggedOutputIsWhatStandsInTheText() async throws {
    let seeds = [
      "<answer>yes</answer> and <reason>because</reason>", "<answer><answer>x</answer></answer>",
      "</answer><answer> y",
    ]
    let stage = try ExtractTagged(
      .init(column: "t", tags: ["answer", "reason"], optional: true), in: noModels)
    var mutator = Mutator(seed: 5)
    for _ in 0..<(1500 * Mutator.effort) {
      let text = mutator.spoiltText(seeds)
      guard case .emit(let outputs) = try await stage.process(Columns(["t": .string(text)])) else {
        Issue.record("expected an answer for \(text)")
        continue
      }
      for value in outputs.flatMap(\.values.values) {
        guard let found = value.string, !found.isEmpty else { continue }
        #expect(text.contains(found) || StatedAnswer.spoken(text).contains(found), "\(text)")
      }
    }
  }

  @Test func promptsRenderOrSayWhere() {
    let seeds = [
      "Q: {{question}}\n{{#list}}- {{name}} {{.}}\n{{/list}}{{^none}}nothing{{/none}}{{! c }}",
      "{{a.b.c}} {{{raw}}} {{&x}}",
    ]
    let values: JSON.Object = [
      "question": "{{question}}", "list": [["name": "n"], "s"], "none": false, "a": ["b": ["c": 1]],
    ]
    var mutator = Mutator(seed: 6)
    for _ in 0..<(1500 * Mutator.effort) {
      let text = mutator.spoiltText(seeds)
      do { _ = try Prompt(text: text).render(values) } catch {
        #expect(error is PromptError, "\(text): \(error)")
      }
    }
  }
}
