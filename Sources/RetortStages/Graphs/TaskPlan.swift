internal import OrderedCollections
internal import RetortCore

/// A task's graph flattened along the way in which it can be resolved: first what hangs on names and numbers, then what waits
/// for something found, and the answer last.
struct TaskPlan {
  private let task: SearchTask
  private let wording: QuestionWording

  init(_ task: SearchTask, _ wording: QuestionWording) {
    self.task = task
    self.wording = wording
  }

  private struct Step {
    let name: String
    let parts: [SearchTask.Part]
    /// What must be found before.
    let after: [String]
  }

  var text: String {
    let (words, steps) = (wording.words(for: task), steps)
    func word(_ name: String) -> String { words[name] ?? name }
    let lines = steps.enumerated().map { place, step in
      let sentences = step.parts.map { wording.sentence($0, in: task, word) }.joined(separator: " ")
      let goal =
        step.after.isEmpty
        ? "concrete" : "needs \(step.after.map(word).joined(separator: ", "))"
      return "\(place + 1). Find \(word(step.name)) (\(goal)): \(sentences)"
    }
    return (lines + ["\(lines.count + 1). Answer with \(word(task.answer))."]).joined(separator: "\n")
  }

  /// Each unresolved entity once: that first which the most facts tie to what is known, the answer last of equals.
  private var steps: [Step] {
    var known = Set(task.named)
    var left = task.hidden + [task.answer]
    var told = task.parts.filter(\.isSaid)
    var steps: [Step] = []
    while !left.isEmpty {
      func usable(_ name: String) -> [SearchTask.Part] {
        told.filter { part in
          let ends = ends(of: part)
          return ends.contains(name) && ends.allSatisfy { $0 == name || known.contains($0) }
        }
      }
      let counts = left.map { usable($0).count }
      let place = counts.indices.max { (counts[$0], -$0) < (counts[$1], -$1) } ?? 0
      let name = left.remove(at: place)
      let parts = usable(name)
      told.removeAll(where: parts.contains)
      let after = OrderedSet(parts.flatMap(ends)).filter { $0 != name && !task.named.contains($0) }
      steps.append(Step(name: name, parts: parts, after: Array(after)))
      known.insert(name)
    }
    return steps
  }

  /// The entities of a fact that are to be found or named.
  private func ends(of part: SearchTask.Part) -> [String] {
    [part.fact.subject] + (task.isEntity(part.fact.object) ? [part.fact.object.string ?? ""] : [])
  }
}
