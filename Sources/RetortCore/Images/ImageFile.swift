package import Foundation

/// An image's file that a row of data names.
package enum ImageFile {
  /// Its bytes, no more than an image may have.
  ///
  /// - Parameter path: as the data has it.
  /// Errors: ``ImageFault``.
  package static func bytes(_ url: URL, named path: String, within bounds: ImageBounds = ImageBounds()) throws
    -> Data
  {
    guard !path.utf8.contains(0), let kind = FileKind(following: url) else {
      throw ImageFault(
        .missing, "expected an image at '\(path.prefix(300))' (\(url.path.prefix(300))), found none")
    }
    guard kind == .regular else {
      throw ImageFault(.missing, "expected an image at '\(path)' (\(url.path)), found \(kind.words)")
    }
    let reading: FileReading
    do { reading = try FileReading(url) } catch { throw ImageFault(.missing, "\(error)") }
    var bytes = Data()
    while true {
      let piece: Data
      do { piece = try reading.read() } catch { throw ImageFault(.missing, "\(error)") }
      if piece.isEmpty { return bytes }
      bytes += piece
      guard bytes.count <= bounds.bytes else {
        throw ImageFault(
          .tooLarge, "expected an image of at most \(bounds.bytes) bytes at '\(path)', found more")
      }
    }
  }
}
