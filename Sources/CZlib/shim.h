#pragma once
#include <zlib.h>

// A macro, which Swift does not see. 15: the longest window; 16: gzip, and nothing else.
static inline int czlib_begin(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
// 8: the usual memory. The header names no file and no time, so that a text is packed alike always.
static inline int czlib_begin_packing(z_stream *stream) {
  return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
