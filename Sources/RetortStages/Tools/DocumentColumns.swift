internal import OrderedCollections
internal import RetortCore

/// What the tools over a corpus have in common.
enum DocumentColumns {
  static let reads = [
    ColumnUse("text"), ColumnUse("title", required: false), ColumnUse("url", required: false),
  ]
  /// Seconds: a query takes milliseconds, and the first one of a corpus may have to index it.
  static let timeout = 300.0

  static func index(_ workshop: Workshop) -> Once<any TextIndex> {
    Once {
      guard let corpus = workshop.corpus else { throw StageError("expected a corpus, found none") }
      return try await workshop.library.index(of: corpus)
    }
  }

  /// Walks no further than to the first text.
  static func texts(_ workshop: Workshop, of tool: String) -> Once<Void> {
    Once {
      guard let corpus = workshop.corpus else { return }
      for try await row in corpus.rows {
        let text = row.value["text"] ?? .null
        if !text.isNull, !(text.string ?? text.text).isBlank { return }
      }
      throw StageError(
        "tool '\(tool)': expected a corpus with a text in the column 'text', found none in its \(corpus.rows.count) rows; "
          + "no model was asked")
    }
  }

  static func identity<Kind: ToolKind>(_ kind: Kind.Type, _ config: Kind.Config, _ workshop: Workshop) throws
    -> JSON
  {
    let fields = (try JSON(encoding: config).object ?? [:]).filter { !$0.value.isNull }
    return [
      "kind": .string(Kind.name), "version": .int(Int64(Kind.version)), "with": .object(fields),
      "corpus": workshop.corpus.map { .string($0.digest.description) } ?? .null,
    ]
  }

  /// A schema with texts that are required, and more that are not.
  static func parameters(_ texts: [(name: String, help: String)], more: JSON.Object = [:]) -> JSON {
    var properties: JSON.Object = [:]
    for text in texts {
      properties[text.name] = ["type": "string", "description": .string(text.help)]
    }
    return [
      "type": "object", "properties": .object(properties.merging(more) { $1 }),
      "required": .array(texts.map { .string($0.name) }), "additionalProperties": false,
    ]
  }
}
