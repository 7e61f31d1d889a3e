import RetortTestSupport
import Testing

@testable import RetortCore

@Suite struct CallGaugeTests {
  private func model(_ alias: String = "teacher", price: Bool = true) -> ModelSpec {
    var model = ModelSpec(alias: alias, name: "m")
    model.price = price ? .init(input: 1, output: 1) : nil
    return model
  }

  @Test func whatMostCallsWaitForHoldsTheRunUp() async {
    let gauge = CallGauge()
    #expect(gauge.reading.hold == nil)
    await gauge.asking(model(price: false)) {
      #expect(gauge.reading.hold?.what == "answers of teacher")
      await gauge.holding(.concurrency, model("judge")) {
        #expect(gauge.reading.hold?.what == "concurrency of judge")
        await gauge.holding(.retryAfter, model()) {
          #expect(gauge.reading.hold?.what == "retry-after of teacher")
          await gauge.holding(.concurrency, model("judge")) {
            let hold = gauge.reading.hold
            #expect(hold?.what == "concurrency of judge" && hold?.calls == 2)
          }
        }
      }
    }
    #expect(gauge.reading.hold == nil)
    #expect((gauge.reading.answered, gauge.reading.unpriced) == (1, 1))
  }

  @Test func aCallThatComesToNothingIsNotAnswered() async {
    let gauge = CallGauge()
    await #expect(throws: ModelError.self) {
      try await gauge.asking(model()) { throw ModelError(.timeout, "none") }
    }
    #expect(gauge.reading == CallGauge.Reading())
  }

  @Test func theRateThatSaysHowLongIsNamed() {
    let pool = Pool(concurrency: 1, rpm: 60, tpm: 6000)
    #expect(pool.reserve(tokens: 1000, at: 0) == (0, .rpm))
    let second = pool.reserve(tokens: 10, at: 0)
    #expect(second.brake == .tpm && abs(second.seconds - 10) < 1e-9)
    let other = Pool(concurrency: 1, rpm: 60, tpm: 6000)
    _ = other.reserve(tokens: 10, at: 0)
    #expect(other.reserve(tokens: 10, at: 0).brake == .rpm)
  }
}
