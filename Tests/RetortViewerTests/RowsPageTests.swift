import Foundation
import RetortCore
import RetortReport
import RetortRun
import RetortStages
import RetortStore
import Testing

@testable import RetortViewer

@Suite struct RowsPageTests {
  /// The values of the column `n`, 0 1 4 2 2 by row, as a page shows them.
  private func numbers(_ parameters: String, of site: Site) async throws -> [String] {
    Site.cells(try await site.page("/runs/1/stages/rows?\(parameters)")).dropFirst().map { $0[4] }
  }

  @Test func searchFilterAndOrder() async throws {
    let column = Link.address("", [("column", Site.badColumn), ("sort", Site.badColumn)]).dropFirst()
    let cases: [(parameters: String, numbers: [String])] = [
      ("", ["0", "1", "4", "2", "2"]),
      ("q=question+2", ["4"]),
      ("q=n", ["0", "4", "2", "2"]),
      ("q=umn", []),  // names of columns are no values
      ("q=%22%26", ["1"]),
      ("q=%25", []),
      ("column=n&test=is&value=2", ["2", "2"]),
      ("column=n&test=at-least&value=1.5", ["4", "2", "2"]),
      ("column=n&test=at-most&value=1", ["0", "1"]),
      ("column=question&test=contains&value=ON+2", ["4"]),
      ("\(column)&test=is&value=value+2+%3Ci%3E&order=down", ["4"]),
      ("sort=n", ["0", "1", "2", "2", "4"]),
      ("sort=n&order=down", ["4", "2", "2", "1", "0"]),
      ("sort=n&from=3", ["2", "4"]),
      ("\(column)&order=down", ["2", "2", "4", "1", "0"]),
    ]
    try await Site.with { site in
      for (parameters, expected) in cases {
        let found = try await numbers(parameters, of: site)
        #expect(found == expected, "\(parameters)")
      }
    }
  }

  @Test func theStateOfSortingIsSaid() async throws {
    try await Site.with { site in
      let plain = try await site.page("/runs/1/stages/rows")
      #expect(!plain.contains("aria-sort"))
      let up = try await site.page("/runs/1/stages/rows?sort=n")
      #expect(
        up.contains(
          "<th scope=\"col\" aria-sort=\"ascending\"><a href=\"/runs/1/stages/rows?sort=n&amp;order=down\">n ▲"
        ))
      #expect(up.contains("Sorted by n, smallest first."))
      let down = try await site.page("/runs/1/stages/rows?sort=n&order=down")
      #expect(down.contains("aria-sort=\"descending\"><a href=\"/runs/1/stages/rows\">n ▼"))
    }
  }

  @Test func looseTimeLeadsToTheSameRowsInMoreSteps() async throws {
    try await Site.with { site in
      let browser = try RowBrowser(site.store, budget: .zero, stride: 2)
      var query = RowQuery(run: 1, stage: 0, columns: ["n"], order: .init(column: "n"), limit: 5)
      #expect(try await browser.page(query).sorted == 2)
      #expect(try await browser.page(query).sorted == 4)
      #expect(try await browser.page(query).sorted == 5)
      var (found, steps): ([String?], Int) = ([], 0)
      while true {
        let page = try await browser.page(query)
        found += page.entries.flatMap(\.cells)
        steps += 1
        guard let next = page.next else { break }
        query.from = next
      }
      #expect(found == ["0", "1", "2", "2", "4"])
      #expect(steps > 1)
    }
  }

  @Test func formsAndLinksKeepWhatWasTyped() {
    let text = "a&b=c +\u{e9}%\"<"
    let address = Link.address("/x", [("q", text), ("no", nil)])
    #expect(address == "/x?q=a%26b%3Dc%20%2B%C3%A9%25%22%3C")
    #expect(Query(String(address.dropFirst(3)))["q"] == text)
    #expect(Query("q=a+b&q=&q=%zz").all("q") == ["a b", "%zz"])
  }

  @Test func chosenColumnsAreInTheAddress() async throws {
    try await Site.with { site in
      let page = try await site.page("/runs/1/stages/rows?show=n&sort=n")
      #expect(Site.cells(page).dropFirst().map { $0.count } == [4, 4, 4, 4, 4])
      #expect(page.contains("<input type=\"checkbox\" name=\"show\" value=\"n\" checked>"))
      #expect(page.contains("<input type=\"checkbox\" name=\"show\" value=\"question\">"))
      #expect(page.contains("/runs/1/stages/rows?sort=n&amp;order=down&amp;show=n"))
      let wrong = try await site.page("/runs/1/stages/rows?show=no", status: 400)
      #expect(wrong.contains("a column of rows, found &#39;no&#39;"))
    }
  }

  @Test func aRecordIsFound() async throws {
    try await Site.with { site in
      let page = try await site.page("/find?row=rows:1")
      #expect(Site.cells(page).dropFirst().map { $0[2] }.contains("rows:1"))
    }
  }
}
