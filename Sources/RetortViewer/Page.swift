internal import HTTPTypes
internal import Hummingbird
internal import RetortCore
internal import RetortReport
internal import RetortStore

/// The frame of every page: the way to the content, where one is, and the content.
struct Page {
  var title: String
  /// The pages above this one, outermost first.
  var trail: [(address: String, name: String)] = []
  var body: HTMLText
  /// How often the page's live parts are fetched again; nil for never.
  var seconds: Int?
  /// Where to go on by itself.
  var goesOn: (seconds: Int, address: String)?

  func response(_ status: Int = 200) -> Response {
    Response(
      status: .init(code: status), headers: [.contentType: "text/html; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
  }

  var html: String {
    let refresh: HTMLText =
      if let goesOn {
        "<meta http-equiv=\"refresh\" content=\"\(goesOn.seconds); url=\(goesOn.address)\">"
      } else if let seconds {
        """
        <script src="/live.js" data-seconds="\(seconds)" defer></script>
        <noscript><meta http-equiv="refresh" content="\(3 * seconds)"></noscript>
        """
      } else { "" }
    let steps =
      [("/", "Runs")] + (trail.isEmpty && title == "Runs" ? [] : trail.map { ($0.address, $0.name) })
    let here: HTMLText = title == "Runs" ? "" : "<li><span aria-current=\"page\">\(title)</span></li>"
    let links = HTMLText(
      steps.map { address, name in
        title == name
          ? "<li><a href=\"\(address)\" aria-current=\"page\">\(name)</a></li>"
          : "<li><a href=\"\(address)\">\(name)</a></li>"
      })
    let page: HTMLText = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(title) · Retort</title>
      <link rel="stylesheet" href="/style.css">
      <link rel="icon" href="/icon.svg" type="image/svg+xml">
      \(refresh)
      </head>
      <body>
      <a class="skip" href="#content">To the content</a>
      <header>
      <nav aria-label="Where you are"><ol>
      \(links)\(here)
      </ol></nav>
      <form action="/find" role="search">
      <label for="find">Row</label>
      <input id="find" name="row" placeholder="r_… or questions:7" size="18" spellcheck="false" autocomplete="off">
      <button>Find</button>
      </form>
      </header>
      <main id="content" tabindex="-1">
      <h1>\(title)</h1>
      \(body)
      </main>
      </body>
      </html>

      """
    return page.description
  }
}

/// Pieces that pages are made of.
enum PageParts {
  /// A link in a cell or a sentence.
  static func link(_ address: String, _ text: String) -> HTMLText { "<a href=\"\(address)\">\(text)</a>" }

  /// A table that scrolls by itself where it is too wide. The first `texts` columns are words, the others numbers; the
  /// first cell of a line names it.
  static func table(_ caption: String, _ columns: [String], _ rows: [[HTMLText]], texts: Int = 1) -> HTMLText
  {
    let head = columns.enumerated().map { place, name -> HTMLText in
      place < texts ? "<th scope=\"col\">\(name)</th>" : "<th scope=\"col\" class=\"number\">\(name)</th>"
    }
    let body = rows.map { cells -> HTMLText in
      let cells = cells.enumerated().map { place, cell -> HTMLText in
        if place == 0 { return "<th scope=\"row\">\(cell)</th>" }
        return place < texts ? "<td>\(cell)</td>" : "<td class=\"number\">\(cell)</td>"
      }
      return "<tr>\(HTMLText(cells))</tr>"
    }
    return """
      <div class="wide" role="region" aria-label="\(caption)" tabindex="0"><table>
      <caption>\(caption)</caption>
      <thead><tr>\(HTMLText(head))</tr></thead>
      <tbody>
      \(HTMLText(body))
      </tbody></table></div>
      """
  }

  static func count(_ number: Int) -> HTMLText { "\(Figure.count(number))" }

  /// `1 row`, `2 rows`.
  static func number(_ count: Int, _ noun: String) -> String {
    "\(Figure.count(count)) \(noun)\(count == 1 ? "" : "s")"
  }

  /// Verbatim text, its end left out where it is very long.
  static func verbatim(_ text: String, limit: Int = 100_000) -> HTMLText {
    let shown = text.prefix(limit)
    guard shown.endIndex < text.endIndex else { return "<pre>\(text)</pre>" }
    return """
      <pre>\(String(shown))</pre>
      <p class="soft">The first \(Figure.count(limit)) of \(Figure.count(text.count)) characters; \
      <code>retort show</code> prints all.</p>
      """
  }

  /// A column's value: text as it is, anything else as JSON.
  static func value(_ value: JSON) -> String { value.string ?? value.text }
}
