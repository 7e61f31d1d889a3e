import Foundation
import RetortCore
import Testing

@testable import RetortStages

/// A kind is a file, a test file of its name, and a line in the list.
@Suite struct KindFilesTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    .standardizedFileURL
  private static let sources = names("Sources/RetortStages/Kinds")
  private static let tests = names("Tests/RetortStagesTests/Kinds")

  /// The names of the Swift files under a folder, without ending and in lower case.
  private static func names(_ folder: String) -> Set<String> {
    let paths = FileManager.default.subpaths(atPath: root.appending(path: folder).path) ?? []
    return Set(
      paths.map { URL(filePath: $0) }.filter { $0.pathExtension == "swift" }.map {
        $0.deletingPathExtension().lastPathComponent.lowercased()
      })
  }

  @Test(arguments: Catalog.standard.kinds.map(\.name))
  func aKindHasAFileAndATestFile(kind: String) {
    let name = kind.replacing("-", with: "")
    #expect(Self.sources.contains(name), "expected a file of the kind's name under Sources")
    #expect(Self.tests.contains(name + "tests"), "expected a test file of the kind's name")
  }
}
