#pragma once
// Debian's headers include ICU's where libxml2 was built with it, and those clash with Foundation's own copy. The
// switch only adds members to the encoding handlers, which nothing here touches.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/HTMLparser.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>

// xmlFree is a variable that holds a function, which Swift does not let be read from several threads.
static inline void cxml2_free(void *memory) { xmlFree(memory); }
