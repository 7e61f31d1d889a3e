internal import OrderedCollections

/// Something that a model may call: arguments in, a text and images out. What goes wrong in it is told to the model.
package protocol Tool: Sendable {
  var offer: ToolOffer { get }
  /// All that its answers depend on beside the arguments: what a result is remembered under.
  var identity: JSON { get }
  var effect: ToolEffect { get }
  /// Seconds that a call may take.
  var timeout: Double { get }

  /// Whether it can answer anything at all, asked before a model is. Errors: ``StageError`` where it cannot.
  func check() async throws

  /// The answer to arguments that fit the schema of ``offer``. Errors: ``ToolFault`` for what the model is to be told;
  /// anything else fails the row.
  func answer(_ arguments: JSON.Object) async throws -> ToolAnswer

  /// The name under `tools:`, where it is not that of the offer.
  var declared: String { get }
  /// Makes ready what it needs before a call's time begins. Errors: what fails the row.
  func prepare() async throws
}

extension Tool {
  package var declared: String { offer.name }
  package func prepare() async throws {}
  package func check() async throws {}
}

/// What a tool answers.
package struct ToolAnswer: Hashable, Sendable {
  package var text: String
  /// In the order in which the model is shown them. Their bytes are on the shelf.
  package var images: [ImageReference]

  package init(_ text: String, images: [ImageReference] = []) {
    self.text = text
    self.images = images
  }
}

/// What a call does to the world, and so for whom its result stands.
package enum ToolEffect: String, Codable, Hashable, Sendable, CaseIterable {
  /// The same arguments get the same answer, for everybody.
  case pure
  /// True when it was asked; remembered, with its date, until it is asked anew.
  case snapshot
  /// It changes the world: the result is that of this one call of this one rollout.
  case effect
}

/// What goes wrong in a call, in words for the model.
package struct ToolFault: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    case unknownTool = "unknown tool"
    case badArguments = "bad arguments"
    case tooManyCalls = "too many calls"
    case timeout = "time-out"
    case error
    /// The server was gone before it answered.
    case unreachable = "no answer"
    /// What the session knew of earlier calls is gone with it.
    case sessionLost = "session lost"
    /// No call of a model: one that was made again, to bring a session to where it was, came to something else.
    case replayDiffers = "replay_differs"

    /// Whether it says nothing of another call with the same arguments.
    var passes: Bool { [.timeout, .unreachable, .sessionLost].contains(self) }
  }

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { "Error (\(kind.rawValue)): \(message)" }
}

/// Which call of which rollout: a rollout is known by its first request and its draw.
package struct ToolPlace: Hashable, Sendable {
  package let rollout: Digest
  /// From 1.
  package let turn: Int
  /// From 1 in its turn.
  package let call: Int

  package init(rollout: Digest, turn: Int, call: Int) {
    self.rollout = rollout
    self.turn = turn
    self.call = call
  }
}

/// What a call came to, as it is remembered.
package struct ToolResult: Hashable, Sendable {
  /// The answer, or the fault in words.
  package var text: String
  /// What it shows beside the text; none of a fault.
  package var images: [ImageReference]
  /// Nil for an answer.
  package var fault: ToolFault.Kind?
  package var seconds: Double
  /// The call's number in the store; 0 if it has none.
  package var number: Int64

  package init(
    text: String, images: [ImageReference] = [], fault: ToolFault.Kind? = nil, seconds: Double = 0,
    number: Int64 = 0
  ) {
    self.text = text
    self.images = images
    self.fault = fault
    self.seconds = seconds
    self.number = number
  }

  init(fault: ToolFault, seconds: Double = 0) {
    self.init(text: fault.description.storable, fault: fault.kind, seconds: seconds)
  }
}

/// A call with all that its result is remembered by.
package struct ToolCall: Hashable, Sendable {
  /// The tool's identity and the arguments; of a call whose result stands for nobody else, its place too.
  package let key: Digest
  package let tool: String
  /// As the model wrote them, without an end where that is far.
  package let arguments: String
  package let origin: CallOrigin
}

/// Where results are kept: the store, or a dictionary in a test.
package protocol ToolMemory: Sendable {
  /// The result under the first of some keys that has one.
  func recall(_ keys: [Digest]) async throws -> ToolResult?
  /// Returns once the result is durable; the answer is its number.
  func remember(_ call: ToolCall, _ result: ToolResult) async throws -> Int64
}

/// Remembers nothing.
package struct NoToolMemory: ToolMemory {
  package init() {}
  package func recall(_ keys: [Digest]) async throws -> ToolResult? { nil }
  package func remember(_ call: ToolCall, _ result: ToolResult) async throws -> Int64 { 0 }
}
