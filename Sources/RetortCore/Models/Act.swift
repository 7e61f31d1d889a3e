internal import OrderedCollections

/// Something that a model can be asked: what of it can change the answer, and what the answer will take.
///
/// A reply is remembered under the digest of its act, so what an act says of itself stays byte for byte what it is, however
/// it is written for one endpoint or another: that is the matter of a wire format. ``Acts`` has the list.
package protocol Act: Sendable {
  associatedtype Answer: Sendable
  /// The word for it in a request's identity.
  static var name: String { get }
  /// What ``prompt`` is called there.
  static var promptName: String { get }
  /// What is asked: the bulk of a request, and what many requests share.
  var prompt: JSON { get }
  /// All else that can change the answer.
  var settings: JSON.Object { get }
  /// Estimated tokens, for limits and for what a budget sets aside before the endpoint has counted.
  var estimate: Usage { get }
  /// The same, where what is asked takes more or less of one model than of another.
  func estimate(by model: ModelSpec) -> Usage
  /// An answer with what the exchange says of it.
  static func noted(_ answer: Answer, _ reply: RawReply) -> Answer
}

extension Act {
  package var settings: JSON.Object { [:] }
  package static func noted(_ answer: Answer, _ reply: RawReply) -> Answer { answer }
  package func estimate(by model: ModelSpec) -> Usage { estimate }
}
