import RetortCore
import RetortReport
import RetortRun
import RetortStore
import RetortStages
import Testing

@testable import RetortCLI

@Suite struct DoctorTests {
  private func model(_ alias: String, key: String?) -> ModelSpec {
    var model = ModelSpec(alias: alias, name: "m")
    model.apiKeyEnv = key
    return model
  }

  @Test func eachKeyOfAPipelineIsNamedOnce() {
    let models = [
      model("a", key: "ONE"), model("b", key: "TWO"), model("c", key: "ONE"), model("d", key: nil),
    ]
    #expect(
      DoctorCommand.keys(models, ["TWO": "k", "ONE": ""]) == [
        "ONE (key of a, c): not set; a run stops before the first call without it",
        "TWO (key of b): set",
      ])
  }

  @Test func secretHeadersAreNamedToo() {
    var gate = model("gate", key: "ONE")
    gate.headersEnv = ["X-Auth": "GATE", "X-Second": "ONE"]
    #expect(
      DoctorCommand.keys([gate, model("b", key: "ONE")], ["GATE": "g"]) == [
        "ONE (key of gate, b; header X-Second of gate): not set; a run stops before the first call without it",
        "GATE (header X-Auth of gate): set",
      ])
  }
}
