# Compiler and linker choices that hold for every target.

find_program(CCACHE ccache)
if(CCACHE)
  # Relative paths let two clones in different directories share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

option(JOULEBOOK_SANITIZE "Sanitizers to build with, as -fsanitize= takes them" "")
if(JOULEBOOK_SANITIZE)
  add_compile_options(-fsanitize=${JOULEBOOK_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${JOULEBOOK_SANITIZE})
endif()

option(JOULEBOOK_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(JOULEBOOK_COVERAGE "Instrument for gcov" OFF)
if(JOULEBOOK_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# Threads everywhere, so that all targets can share one precompiled header.
add_compile_options(-pthread)

# Warnings of our own code; generated code is compiled without them.
add_library(joulebook_warnings INTERFACE)
target_compile_options(joulebook_warnings INTERFACE 
  -Wall -Wextra -Wconversion -Wshadow -Werror
  # Designated initializers leave fields to their defaults on purpose.
  -Wno-missing-field-initializers
  # False positives of g++ 12 in std::string (GCC bug 105651) and std::optional.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
