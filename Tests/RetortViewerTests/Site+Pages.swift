import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import RetortViewer

extension Site {
  /// The page at an address, which must be there.
  func page(_ address: String, status: Int = 200) async throws -> String {
    let (found, text) = try await get(address)
    #expect(found == status, "\(address): \(text)")
    return text
  }

  func get(_ address: String, method: String = "GET") async throws -> (status: Int, text: String) {
    try await viewer.application(port: 0).test(.router) { client in
      try await client.execute(uri: address, method: HTTPRequest.Method(method) ?? .get) {
        ($0.status.code, String(buffer: $0.body))
      }
    }
  }

  /// Every address that a page links to.
  static func links(_ page: String) -> [String] {
    page.matches(of: /(?:href|src)="([^"#]+)/).map { String($0.1).replacing("&amp;", with: "&") }
  }

  /// What is in the cells of a page's tables, row by row, without tags.
  static func cells(_ page: String) -> [[String]] {
    page.matches(of: /(?s)<tr>(.*?)<\/tr>/).map { row in
      row.1.matches(of: /(?s)<t[dh][^>]*>(.*?)<\/t[dh]>/).map { String($0.1.replacing(/<[^>]*>/, with: "")) }
    }
  }
}
