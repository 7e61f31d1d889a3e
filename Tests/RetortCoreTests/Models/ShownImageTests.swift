import OrderedCollections
import Testing

@testable import RetortCore

@Suite struct ShownImageTests {
  private func image(_ width: Int, _ height: Int) -> ImageReference {
    ImageReference(digest: Digest(of: "bytes"), type: .png, width: width, height: height)
  }

  /// As `smart_resize(height, width, factor=28, min_pixels=3136, max_pixels=…)` of transformers answers.
  @Test(
    arguments: [
      (640, 480, nil, 644, 476), (1000, 1000, nil, 1008, 1008), (42, 70, nil, 56, 56), (10, 10, nil, 56, 56),
      (8000, 6000, nil, 4116, 3080), (1000, 500, 200_704, 616, 308), (1, 4000, nil, 28, 4004),
    ] as [(Int, Int, Int?, Int, Int)])
  func theCopyIsAsTheServerMakesIt(width: Int, height: Int, most: Int?, shownWidth: Int, shownHeight: Int) {
    let shown = ShownImage(image(width, height), maxPixels: most)
    #expect((shown.width, shown.height) == (shownWidth, shownHeight))
    #expect(shown.tokens == shownWidth * shownHeight / 784)
  }

  @Test func boxesAreThoseOfTheOriginal() {
    var model = ModelSpec(alias: "m", name: "m")
    #expect(model.original([1, 2, 3, 4], in: image(640, 480)) == nil)
    model.coordinates = .thousandths
    #expect(model.original([0, 250, 500, 1000], in: image(640, 480)) == [0, 120, 320, 480])
    #expect(
      model.original([-10, 0, 1e300, 2000], in: image(640, 480)) == [-6, 0, 1_000_000_000_000_000, 960])
    #expect(model.original([1, 2, 3], in: image(640, 480)) == nil)
    model.coordinates = .pixels
    #expect(model.original([0, 0, 644, 476], in: image(640, 480)) == [0, 0, 640, 480])
    model.maxPixels = 200_704
    #expect(model.original([308, 154, 616, 308], in: image(1000, 500)) == [500, 250, 1000, 500])
  }

  @Test func howBoxesAreReadIsInAStepsKeyAndInNoRequests() {
    var model = ModelSpec(alias: "m", name: "m")
    let plain = model.identity
    model.maxPixels = 1000
    #expect(model.identity == plain)
    model.coordinates = .pixels
    #expect(model.identity == ["name": "m", "kind": "chat", "coordinates": "pixels", "max_pixels": 1000])
    #expect(model.identityOfRequests == plain)
  }

  @Test func anEstimateCountsImages() {
    let text = ChatRequest([.user("Who?")])
    let shown = ChatRequest([.user([.image(image(1000, 500)), .text("Who?")])])
    var model = ModelSpec(alias: "m", name: "m")
    let full = shown.estimate(by: model).promptTokens
    model.maxPixels = 200_704
    let small = shown.estimate(by: model).promptTokens
    #expect(text.estimate(by: model) == text.estimate)
    // 1008 x 504 and 616 x 308 pixels.
    #expect(full - small == 36 * 18 - 22 * 11)
    #expect(small > 22 * 11)
  }

  @Test func turnsWithoutImagesAreWhatTheyWere() {
    #expect(ChatMessage.user([.text("a"), .text("b")]) == .user("ab"))
    let parts: [MessagePart] = [.text("a"), .image(image(4, 3)), .text("b")]
    let message = ChatMessage.user(parts)
    #expect(message.content == "ab")
    #expect(MessagePart.list(message.wire?["content"]) == parts)
    #expect(message.images == [image(4, 3)])
    #expect(MessagePart.list([["type": "image_url"]]) == nil)
    #expect(MessagePart.list("text") == nil)
    #expect(ImageWords.text(.array(parts.map(\.json))) == "a\n[image/png 4x3 sha256:277089d91c0b…]\nb")
    #expect(ImageWords.text(image(4, 3).json) == image(4, 3).words)
    #expect(ImageWords.text(["a": 1]) == #"{"a":1}"#)
  }
}
