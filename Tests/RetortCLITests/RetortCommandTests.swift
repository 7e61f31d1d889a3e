import Testing

@testable import RetortCLI

@Suite struct RetortCommandTests {
  @Test func whatTheCommandsAre() async throws {
    try await Desk().expectCommand(
      "--help",
      prints: """
        OVERVIEW: Distil a strong language model's reasoning into training data.

        A pipeline file names stages and how rows flow between them. `retort run FILE`
        performs what is not done yet; everything it makes is kept in a SQLite store,
        so that running again pays for nothing twice.

        Exit status: 0 all rows accounted for and none failed; 1 the pipeline could not
        run; 2 a mistake in the command line or the pipeline file; 3 finished with
        failed rows; 4 stopped by a budget; 5 parked, since an endpoint kept refusing;
        6 waiting for an answer from outside, as a person's; 130 interrupted. After 3,
        4, 5, 6 and 130, `retort resume` goes on.

        USAGE: retort <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        SUBCOMMANDS:
          init                    Write a small project that runs: a pipeline file,
                                  data and a prompt. Overwrites nothing.
          run                     Perform what a pipeline file asks for and is not done.
          plan                    Say what is done, what is to do and why, and what it
                                  will cost; make no call.
          resume                  Go on with the newest unfinished run, or a named one:
                                  the file is read anew, the flags are kept.
          check                   Check a pipeline file: every mistake at once, no call
                                  made.
          stages                  List the stage kinds, or one with its keys.
          tools                   Print the tools of a pipeline file as a model will be
                                  offered them.
          providers               Show what each provider's API can be asked for.
          schema                  Print the JSON Schema of pipeline files, for editors.
          runs                    List the runs in the store, newest first.
          show                    Show the rows of a stage, what it dropped or failed
                                  at, one row, or one call with prompt and reply.
          trace                   Follow a row both ways: what it was made from, what
                                  became of it, and what each call cost.
          why                     Say why a row was done at a stage, dropped, failed,
                                  or is not done yet.
          failures                Show what failed, grouped by stage and message.
          diff                    Compare two runs: settings and prompts, what they
                                  redid, counts, rows, cost.
          view                    Show the store in a browser: runs, rows, their
                                  lineage and calls, live while a run goes on.
          report                  Write a run's report to show others: one HTML file
                                  with plots and samples, or Markdown.
          serve-tools             Offer a pipeline file's tools to other programs, as
                                  trainers, over the Model Context Protocol.
          evaluate                Score predicted parsings against gold rows, as the
                                  shared task LLM-SR does.
          gc                      Forget what no kept run needs; paid replies stay
                                  unless --replies.
          doctor                  Say what this machine lacks, for a pipeline file or
                                  in general.

          See 'retort help <subcommand>' for detailed help.
        """)
  }

  @Test func whichRetortThisIs() async throws {
    try await Desk().expectCommand("--version", prints: "retort \(Version.number)")
  }

  @Test func mistakes() async throws {
    let desk = try Desk()
    try await desk.expectCommand(
      "rum p.yaml",
      says: """
        Error: 2 unexpected arguments: 'rum', 'p.yaml'
        Usage: retort <subcommand>
          See 'retort --help' for more information.
        """, exits: 2)
    try await desk.expectCommand(
      "--verson",
      says: """
        Error: Unknown option '--verson'
        Usage: retort <subcommand>
          See 'retort --help' for more information.
        """, exits: 2)
  }
}
