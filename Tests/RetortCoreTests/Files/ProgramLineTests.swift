import Foundation
import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct ProgramLineTests {
  private func folder() throws -> URL {
    let folder = try Bench.folder()
    for (name, text, mode) in [
      ("step.py", "#!/usr/bin/env python3\n", 0o755), ("plain.py", "print(1)\n", 0o644),
      ("words", "print(1)\n", 0o755),
    ] {
      let url = folder.appending(path: name)
      try Data(text.utf8).write(to: url)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
    }
    return folder
  }

  private func decode(_ words: [String], in folder: URL) throws -> ProgramLine {
    let decoder = JSONDecoder()
    decoder.userInfo[.folder] = folder
    return try decoder.decode(ProgramLine.self, from: JSONEncoder().encode(words))
  }

  @Test(
    arguments: [
      (["./step.py", "plain.py"], ["./step.py"]), (["python3", "-u", "plain.py", "step.py"], ["plain.py"]),
      (["python3", "-m", "package"], []),
      (["/usr/bin/env", "python3", "./plain.py"], ["/usr/bin/env", "./plain.py"]),
      (["sh", "-c", "cat"], []), (["sh", "-c", "cat", "gone.sh"], []),
      (["python3", "-c", "x", "gone.py"], []),
      (["cat", "gone.py"], []), (["python3", "-W", "ignore", "plain.py"], ["plain.py"]),
      (["python3", "plain.py", "gone.py"], ["plain.py"]),
    ] as [([String], [String])])
  func whatCountsByItsContent(words: [String], files: [String]) throws {
    let line = try decode(words, in: folder())
    #expect(line.words == words)
    #expect(line.files.map(\.path) == files)
  }

  @Test(
    arguments: [
      (["./gone.py"], "expected a program at './gone.py', found none"),
      (["./"], "expected a program at './', found a folder"),
      (
        ["./plain.py"],
        "expected a program at './plain.py', found a file that may not be executed; chmod +x FOLDER/plain.py"
      ),
      (
        ["./words"],
        "expected a program at 'FOLDER/words', found a text that does not say who reads it: its first line is to be like #!/usr/bin/env python3"
      ),
      (["python3", "gone.py"], "expected a script for 'python3' to read, found none at 'gone.py'"),
      (
        ["python3", "-u", "gone.py", "plain.py"],
        "expected a script for 'python3' to read, found none at 'gone.py'"
      ),
      (
        ["sh", "../tools/gone", "plain.py"],
        "expected a script for 'sh' to read, found none at '../tools/gone'"
      ),
      (
        ["/usr/bin/env", "A=b", "python3", "gone.py"],
        "expected a script for '/usr/bin/env' to read, found none at 'gone.py'"
      ),
      (["no-such-program"], "expected a program on the PATH, found no 'no-such-program'"),
      (
        ["step.py"],
        "expected a program on the PATH, found no 'step.py'; write './step.py' for the one beside the pipeline file"
      ),
      ([], "expected a program and its arguments, found none"),
    ] as [([String], String)])
  func whatIsNoProgramIsSaid(words: [String], message: String) throws {
    let folder = try folder()
    do {
      _ = try decode(words, in: folder)
      Issue.record("expected a mistake")
    } catch DecodingError.dataCorrupted(let context) {
      #expect(context.debugDescription == message.replacing("FOLDER", with: folder.standardizedFileURL.path))
    }
  }
}
