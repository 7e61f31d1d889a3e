/// How a reply ended, read from the word that the endpoint gives for it.
///
/// Each provider has words of its own. They are compared without case and punctuation, so that `MAX_TOKENS`,
/// `max-tokens` and `maxTokens` are one word.
package enum ReplyEnd: Hashable, Sendable {
  /// The model came to its end, or the endpoint does not say how it ended.
  case whole
  /// A limit cut the text.
  case truncated
  /// The model or a filter refused.
  case refused
  /// The server broke the text off: the same request may succeed later.
  case broken
  /// A word that nobody here knows, as it was given.
  case unknown(String)

  package init(_ word: String) {
    var key = String(
      word.lowercased().unicodeScalars.filter { $0.properties.isAlphabetic || ("0"..."9").contains($0) })
    for prefix in ["finishreason", "reason"] where key.hasPrefix(prefix) && key != prefix {
      key.removeFirst(prefix.count)
      break
    }
    if key.isEmpty {
      self = word.allSatisfy(\.isWhitespace) ? .whole : .unknown(word)
    } else if let end = Self.words[key] {
      self = end
    } else {
      self = Self.stems.first { key.contains($0.stem) }?.end ?? .unknown(word)
    }
  }

  /// Why a text that ended so is not the answer that was asked for, a short phrase to count drops by; nil when it is.
  package var flaw: String? {
    switch self {
    case .whole: nil
    case .truncated: "reply truncated"
    case .refused: "reply refused"
    case .broken: "reply broken off"
    case .unknown(let word): "finish reason '\(Self.printable(word))'"
    }
  }

  private static func printable(_ word: String) -> String {
    let shown = word.unicodeScalars.map { scalar -> Character in
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: "?"
      default: Character(scalar)
      }
    }
    return String(shown.prefix(40))
  }

  private static let words: [String: ReplyEnd] = {
    let lists: [(ReplyEnd, String)] = [
      (
        .whole,
        """
        stop stopped stopsequence stopsequences stopstring stopstringfound stopword stopwords stoptoken
        stoppedword stoppedeos endturn endofturn turnend eos eosfound eostoken endofsequence endoftext endoftoken eot
        eotid end ended word complete completed completion finish finished done success succeeded natural normal
        toolcalls toolcall tooluse functioncall functioncalls none null unspecified
        """
      ),
      (
        .truncated,
        """
        length lengthlimit limit stoplimit stoppedlimit maxlen maxlength maxtoken maxtokens maxtokensreached maxnewtokens
        maxoutputtokens maxcompletiontokens maxpredictedtokensreached maxcontext maxcontextlength modellength tokenlimit
        tokenlimitreached outputlimit outputlength context contextlength contextlimit contextlengthreached
        contextlengthexceeded contextwindow contextwindowexceeded modelcontextwindowexceeded errorlimit budget
        incomplete truncated cutoff
        """
      ),
      (
        .refused,
        """
        contentfilter contentfiltered filter filtered refusal refused safety imagesafety unsafe sensitive recitation
        imagerecitation blocklist prohibitedcontent imageprohibitedcontent spii language modelarmor moderation
        moderated flagged blocked policy policyviolation contentpolicy contentpolicyviolation
        responsibleaipolicyviolation guardrail guardrails guardrailintervened guardrailviolation toxic errortoxic
        """
      ),
      (
        .broken,
        """
        abort aborted error errored failed failure fault exception cancel cancelled canceled usercancel usercancelled
        userstopped interrupted insufficientsystemresource insufficientsystemresources insufficientresources overloaded
        overload unavailable networkerror internalerror internalservererror servererror connectionerror
        upstreamerror providererror disconnect disconnected timeout timedout timelimit timelimitexceeded deadlineexceeded
        preempted killed shutdown load unload modelunloaded notfinished inprogress running
        """
      ),
    ]
    return Dictionary(
      lists.flatMap { end, words in words.split(whereSeparator: \.isWhitespace).map { (String($0), end) } }
    ) { first, _ in first }
  }()

  /// Parts of words that are in no list but say enough.
  private static let stems: [(stem: String, end: ReplyEnd)] = [
    ("contentfilter", .refused), ("safety", .refused), ("guardrail", .refused), ("prohibited", .refused),
    ("maxtokens", .truncated), ("maxoutput", .truncated), ("contextlength", .truncated),
    ("contextwindow", .truncated), ("tokenlimit", .truncated), ("overload", .broken), ("timeout", .broken),
    ("cancel", .broken), ("abort", .broken), ("servererror", .broken), ("networkerror", .broken),
  ]
}
