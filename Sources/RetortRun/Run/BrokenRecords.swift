internal import Foundation
internal import RetortCore
package import RetortStore

/// A reader that lost more than a tenth of its records: that is seldom a few bad lines, and mostly a file in another
/// form than the stage reads. Where images are missing or broken, the first one is told: those of a file have much in common.
package struct BrokenRecords: Hashable, Sendable, CustomStringConvertible {
  package let stage: String
  package let files: [String]
  package let broken: Int
  package let records: Int
  /// The commonest reason.
  package let reason: String
  /// What was said of the first record that was lost for it, with its place.
  package var first: String?

  /// Whether the file's form is not in doubt, but the images that its records name.
  package var isAboutImages: Bool { ImageFault.Kind(rawValue: reason) != nil }

  package static func found(
    in stages: OrderedBooks, drops: [Losses], files: (String) -> [String]
  ) -> [BrokenRecords] {
    stages.list.compactMap { entry in
      let files = files(entry.stage)
      guard !files.isEmpty, entry.books.dropped * 10 > entry.books.in else { return nil }
      let reason = drops.filter { $0.stage == entry.stage }.max { $0.rows < $1.rows }?.reason ?? "unknown"
      return BrokenRecords(
        stage: entry.stage, files: files, broken: entry.books.dropped, records: entry.books.in, reason: reason
      )
    }
  }

  package var description: String {
    let names = files.count > 3 ? files.prefix(3) + ["\(files.count - 3) more"] : files[...]
    let hint =
      isAboutImages
      ? first.map { ", first at \($0);" } ?? ";" : ": is it the format that the stage reads?"
    return
      "WARNING: \(stage) lost \(broken) of \(records) records of \(names.joined(separator: ", ")), most often for "
      + "'\(reason)'\(hint) `retort why` and the view `dropped` say more"
  }
}

extension Pipeline {
  /// The files that a reader reads, as seen from the pipeline file's folder; none for other stages.
  package func inputs(of stage: String) -> [String] {
    guard let stage = self[stage], stage.from.isEmpty else { return [] }
    let folder = folder.standardizedFileURL.path + "/"
    return stage.files.map(\.standardizedFileURL.path).sorted().map {
      $0.hasPrefix(folder) ? String($0.dropFirst(folder.count)) : $0
    }
  }
}
