internal import OrderedCollections

/// One row: an immutable JSON object, known to the engine and the store. Stages see typed views of it.
package struct Row: Hashable, Sendable {
  package let columns: JSON.Object

  package init(_ columns: JSON.Object) { self.columns = columns }

  /// A row as the store has it. Errors: ``JSONError``.
  package init(text: String) throws { self.init(try JSON(parsing: text).object ?? [:]) }

  package var json: JSON { .object(columns) }

  /// The columns `Input` declares, as its type. Errors: ``JSONError`` naming the column.
  package func view<Input: Decodable>(as type: Input.Type) throws -> Input { try json.decode(type) }

  /// This row and more columns; a column that exists is replaced in its place.
  package func adding(_ added: JSON.Object) -> Row {
    Row(columns.merging(added, uniquingKeysWith: { _, new in new }))
  }
}

/// A view or a set of columns whose names only the configuration knows.
package struct Columns: Hashable, Sendable {
  package var values: JSON.Object

  package init(_ values: JSON.Object = [:]) { self.values = values }

  package subscript(name: String) -> JSON? {
    get { values[name] }
    set { values[name] = newValue }
  }
}

extension Columns: Codable {
  package init(from decoder: any Decoder) throws {
    let json = try JSON(from: decoder)
    guard let object = json.object else {
      throw DecodingError.typeMismatch(
        Columns.self,
        .init(codingPath: decoder.codingPath, debugDescription: "expected an object, found \(json.kind)"))
    }
    values = object
  }

  package func encode(to encoder: any Encoder) throws { try JSON.object(values).encode(to: encoder) }
}
