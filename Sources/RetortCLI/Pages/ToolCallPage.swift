internal import OrderedCollections
internal import RetortCore
internal import RetortStore

/// A call of a tool as text: what it was asked, and what came of it.
enum ToolCallPage {
  static func lines(_ call: RecordedToolCall, screen: Int?) -> [String] {
    let asked =
      call.run.map { "asked by \(call.stage) in run \($0), \(call.at) UTC" } ?? "asked \(call.at) UTC"
    let fault = call.fault.map { ", \($0)" } ?? ""
    return ShowPage.said(
      ["t_\(call.id)  \(call.tool)  \(Figure.seconds(call.seconds))\(fault)", asked], screen: screen)
      + ShowPage.field("arguments", call.arguments, screen: screen)
      + ShowPage.field("result", call.result, screen: screen)
      + (call.images ?? []).flatMap { ShowPage.field("image", $0.words, screen: screen) }
  }

  static func json(_ call: RecordedToolCall) throws -> JSON {
    var fields: JSON.Object = ["call": .string("t_\(call.id)")]
    for (name, value) in try JSON(encoding: call).object ?? [:] where name != "id" { fields[name] = value }
    return .object(fields)
  }
}
