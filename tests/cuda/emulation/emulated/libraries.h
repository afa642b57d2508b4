// Libraries that the product opens when it first needs them: here they are linked in, and switches say whether they are
// installed.
#ifndef EMULATED_LIBRARIES_H
#define EMULATED_LIBRARIES_H

namespace emulated
{
// Not NULL where the library of that file name is installed.
void *open_library(const char *name);
// Whether that library is new enough to have a function.
bool library_has(const char *function);
} // namespace emulated

#define TYI_OPEN_LIBRARY(name)              emulated::open_library(name)
#define TYI_LIBRARY_FUNCTION(library, name) ((library) && emulated::library_has(#name) ? &::name : nullptr)

#endif
