// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Retort",
  products: [
    .executable(name: "retort", targets: ["RetortCLI"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(
      name: "RetortCore",
      dependencies: [
        "CZlib",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(
      name: "RetortStages",
      dependencies: [
        "CXML2", "RetortCore",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      // The helper for Parquet and the sandbox are part of the binary.
      resources: [.embedInCode("Parquet/parquet.py"), .embedInCode("Servers/sandbox.py")]),
    .target(
      name: "RetortStore",
      dependencies: [
        "CSQLite", "RetortCore",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(
      name: "RetortRun",
      dependencies: [
        "RetortCore", "RetortStore",
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(
      name: "RetortReport",
      dependencies: [
        "RetortCore", "RetortRun", "RetortStore",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(
      name: "RetortHTTP",
      dependencies: ["CCurl", "RetortCore"]),
    .target(
      name: "RetortViewer",
      dependencies: [
        "RetortCore", "RetortReport", "RetortStore",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .executableTarget(
      name: "RetortCLI",
      dependencies: [
        "RetortCore", "RetortHTTP", "RetortReport", "RetortRun", "RetortStages", "RetortStore",
        "RetortViewer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .target(
      name: "RetortTestSupport", dependencies: ["RetortCore", "RetortRun", "RetortStages", "RetortStore"]),
    .testTarget(
      name: "RetortCoreTests",
      dependencies: [
        "RetortCore", "RetortTestSupport",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .testTarget(
      name: "RetortStagesTests",
      dependencies: [
        "RetortStages", "RetortTestSupport",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .testTarget(
      name: "RetortRunTests",
      dependencies: [
        "RetortReport", "RetortRun", "RetortStore", "RetortTestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .testTarget(
      name: "RetortStoreTests",
      dependencies: [
        "RetortStore", "RetortTestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .testTarget(
      name: "RetortReportTests",
      dependencies: [
        "RetortReport", "RetortTestSupport",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .testTarget(name: "RetortHTTPTests", dependencies: ["RetortHTTP", "RetortTestSupport"]),
    .testTarget(
      name: "RetortViewerTests",
      dependencies: [
        "RetortTestSupport", "RetortViewer",
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ]),
    .testTarget(
      name: "RetortCLITests", dependencies: ["RetortCLI", "RetortHTTP", "RetortStore", "RetortTestSupport"]),
  ]
)

for target in package.targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .swiftLanguageMode(.v6),
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("InternalImportsByDefault"),
      .enableUpcomingFeature("MemberImportVisibility"),
    ]
}
