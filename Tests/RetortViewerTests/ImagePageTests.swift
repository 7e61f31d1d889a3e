import Foundation
import OrderedCollections
import RetortCore
import RetortReport
import RetortStore
import RetortTestSupport
import Testing

@testable import RetortViewer

@Suite struct ImagePageTests {
  @Test func imagesAreServedByTheirDigestAlone() async throws {
    try await Site.with { site in
      let image = try await Store(path: site.folder.appending(path: "store.sqlite").path).images.keep(
        Drawn.png(4, 3))
      let (status, _) = try await site.get("/images/\(image.digest.hex)")
      #expect(status == 200)
      let folder = site.folder.appending(path: "store.sqlite.images")
      // What stands there is an image or is not shown.
      let text = Data("<script>alert(1)</script>".utf8)
      let forged = Digest(of: text).hex
      try text.write(to: folder.appending(path: forged))
      for wrong in [
        forged, "..%2Fstore.sqlite", String(repeating: "0", count: 64), image.digest.hex.uppercased(), "a",
      ] {
        let (status, page) = try await site.get("/images/\(wrong)")
        #expect(status == 404, "\(wrong)")
        #expect(!page.contains("<script>alert"))
      }
    }
  }

  @Test func turnsShowTheirImagesBesideTheirTexts() throws {
    let image = try ImageReference(reading: Drawn.png(4, 3))
    let messages: JSON = [
      [
        "role": "user", "content": .array([MessagePart.image(image).json, MessagePart.text("<b>Who?").json]),
      ],
      ["role": "assistant", "content": "Ada."],
    ]
    let page = try #require(Conversation.markup(messages)).description
    #expect(page.contains("src=\"/images/\(image.digest.hex)\""))
    #expect(page.contains("&lt;b&gt;Who?"))
    #expect(ImageMarkup.pictures([]).description == "")
    // What only looks like a reference is text.
    let forged: JSON = [
      ["role": "user", "content": [["type": "image", "image": ["image": "sha256:../x"]]]],
      ["role": "assistant", "content": "A"],
    ]
    #expect(try #require(Conversation.markup(forged)).description.contains("<img") == false)
  }
}
