import Foundation
import OrderedCollections
import RetortTestSupport
import Testing

@testable import RetortCore
@testable import RetortStages

@Suite struct TokenCountTests {
  /// The greeting of one text in many languages with the tokens that o200k makes of it, as OpenAI published them.
  @Test(arguments: [
    ("Hello, my name is GPT-4o. I'm a new type of language model, it's nice to meet you!", 24),
    ("你好,我的名字是GPT-4o。我是一种新型的语言模型,很高兴见到你!", 24),
    ("こんにちわ、私の名前はGPT−4oです。私は新しいタイプの言語モデルです、初めまして", 26),
    ("안녕하세요, 제 이름은 GPT-4o입니다. 저는 새로운 유형의 언어 모델입니다, 만나서 반갑습니다!", 27),
    ("مرحبًا، اسمي جي بي تي-4o. أنا نوع جديد من نموذج اللغة، سررت بلقائك!", 26),
    ("नमस्ते, मेरा नाम जीपीटी-4o है। मैं एक नए प्रकार का भाषा मॉडल हूँ। आपसे मिलकर अच्छा लगा!", 31),
    ("Привет, меня зовут GPT-4o. Я — новая языковая модель, приятно познакомиться!", 23),
    ("Xin chào, tên tôi là GPT-4o. Tôi là một loại mô hình ngôn ngữ mới, rất vui được gặp bạn!", 30),
    ("Hallo, mein Name is GPT-4o. Ich bin ein neues KI-Sprachmodell. Es ist schön, dich kennenzulernen.", 29),
    ("Hola, me llamo GPT-4o. Soy un nuevo tipo de modelo de lenguaje, ¡es un placer conocerte!", 26),
    ("سلام، اسم من جی پی تی-۴او است. من یک نوع جدیدی از مدل زبانی هستم، از ملاقات شما خوشبختم!", 32),
  ])
  func countsByScript(text: String, tokens: Int) {
    // The shortest of these are 23 tokens: a fifth, and one for the rounding.
    #expect(abs(ScriptTokens.count(text) - tokens) <= tokens / 5 + 1, "\(ScriptTokens.count(text))")
  }

  /// Averages that current tokenisers make of a long text: 0.65 to 0.8 tokens for an ideograph, 0.4 to 0.5 for a Thai one.
  @Test(arguments: [
    ("甲说乙获得了奖金，丙说没有。", 0.65...0.8), ("คนแรกบอกว่าคนที่สองได้รับโบนัส", 0.38...0.52),
    ("The first says that the second was given a bonus. ", 0.2...0.28),
    ("    for index in 0..<count { total += values[index] }\n", 0.25...0.4), ("😀🎉", 1...2),
  ]) func countsByScript(text: String, share: ClosedRange<Double>) {
    let long = String(repeating: text, count: 50)
    #expect(share.contains(Double(ScriptTokens.count(long)) / Double(long.unicodeScalars.count)))
  }

  @Test func nothingIsNoToken() {
    #expect(ScriptTokens.count("") == 0)
    #expect(ScriptTokens.count("a") == 1)
    #expect(ScriptTokens.count("甲") == 1)
  }

  private static let model = ModelRef(ModelSpec(alias: "t", name: "m"))

  @Test(arguments: [(nil, 102), (.wide, 306), (.endpoint, 21)] as [(TokenCount?, Int)])
  func aBudgetIsCountedAsTheFileSays(tokens: TokenCount?, limit: Int) async throws {
    let question = String(repeating: "甲说乙获得了奖金，丙说没有得到奖金，丁说乙在说谎。", count: 5) + "请问是谁获得了奖金?"
    let provider = ScriptedProvider(
      chat: { request in
        #expect(request.sampling.maxTokens == limit)
        return ChatReply(text: "so")
      },
      tokens: { text in
        #expect(text == question)
        return 7
      })
    let stage = try SynthesizeRationale(
      .init(model: Self.model, showAnswer: false, tokens: tokens),
      in: Workspace(folder: URL(filePath: "/"), models: provider))
    guard case .emit = try await stage.process(.init(question: question)) else {
      Issue.record("dropped")
      return
    }
  }

  @Test func aLengthThatTheServerDoesNotSayIsCountedAsTheFileSays() async throws {
    let provider = ScriptedProvider(
      chat: { _ in ChatReply(text: "甲说乙获得了奖金", reasoning: "丙说没有") }, tokens: { $0.count == 8 ? 5 : 3 })
    for (tokens, length, source) in [
      (nil, 3, "estimate"), (.wide, 9, "wide"), (.endpoint, 8, "endpoint"),
    ] as [(TokenCount?, Int, String)] {
      let stage = try SampleRollouts(
        .init(model: Self.model, samples: 1, tokens: tokens),
        in: Workspace(folder: URL(filePath: "/"), models: provider))
      guard case .emit(let outputs) = try await stage.process(Columns(["question": "q"])) else {
        Issue.record("dropped")
        return
      }
      #expect(outputs.map(\.length) == [length] && outputs.map(\.lengthSource.rawValue) == [source])
    }
  }

  @Test(arguments: [
    #"{"count":3,"max_model_len":4096,"tokens":[1,2,3]}"#, #"{"tokens":[1,2,3]}"#,
    #"{"tokens":[{"id":1,"piece":"a"},{"id":2,"piece":"b"},{"id":3,"piece":"c"}]}"#,
  ]) func aServerCounts(reply: String) async throws {
    let caller = ScriptedCaller { _, _ in RawReply(body: reply) }
    let model = ModelSpec(alias: "t", name: "m")
    #expect(try await #require(AskedModel<TokenCountRequest>(model, through: caller)).count("甲乙") == 3)
    let call = try #require(caller.calls.first)
    #expect(call.path == "/tokenize")
    #expect(
      call.body == [
        "model": "m", "prompt": "甲乙", "add_special_tokens": false, "content": "甲乙", "add_special": false,
      ])
    #expect(call.identity == ["act": "tokenize", "model": model.identity, "text": "甲乙"])
    #expect(try await #require(AskedModel<TokenCountRequest>(model, through: caller)).count("") == 0)
  }

  @Test func aServerThatCannotCountSaysWhatToDo() async throws {
    let caller = ScriptedCaller { call, _ in
      for reply in [#"{"tokens":[]}"#, #"{"count":-1}"#, #"{"count":1e30}"#, "{}", "[]"] {
        #expect(throws: ModelError.self, "no such count is remembered") {
          try call.exchange.read(ReplyBody(text: reply, json: JSON(parsing: reply)))
        }
      }
      throw ModelError(.refused, status: 404, "not found")
    }
    let model = try #require(
      AskedModel<TokenCountRequest>(ModelSpec(alias: "t", name: "m"), through: caller))
    let error = await #expect(throws: ModelError.self) { try await model.count("a") }
    #expect(
      error?.message
        == "not found; tokens: endpoint asks at /tokenize, which vLLM and llama.cpp have; with another server say tokens: wide"
    )
  }
}
