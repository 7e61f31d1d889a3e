internal import RetortCore

/// The library has a row of its own, which is always called `GRDB.Row` here.
typealias Row = RetortCore.Row
