#pragma once
#include <zlib.h>

// A macro, which Swift does not see. 15: the longest window; 16: gzip, and nothing else.
static inline int czlib_begin(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
