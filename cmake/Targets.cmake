# joulebook_library(NAME SOURCES ... DEPS ... [PRIVATE_DEPS ...])
#
# One library per folder. DEPS are what its headers show; PRIVATE_DEPS stay hidden, so that a
# caller that includes one of them without naming it fails to build.
function(joulebook_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE joulebook_warnings ${arg_PRIVATE_DEPS})
endfunction()

function(joulebook_binary name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE joulebook_warnings ${arg_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# joulebook_test(NAME LABELS unit|pg|e2e SOURCES ... DEPS ... [ARGS ...])
#
# One CTest test per executable; GoogleTest's --gtest_filter narrows it further.
function(joulebook_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "LABELS;SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE joulebook_warnings ${arg_DEPS} joulebook_testing
                                        GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    JOULEBOOK_SOURCE_DIR="${CMAKE_SOURCE_DIR}" JOULEBOOK_BINARY_DIR="${CMAKE_BINARY_DIR}")
  target_precompile_headers(${name} REUSE_FROM joulebook_test_pch)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${JOULEBOOK_TEST_ENVIRONMENT}")
endfunction()

set(JOULEBOOK_TEST_ENVIRONMENT
  "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/lsan.supp"
  "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan.supp ignore_noninstrumented_modules=1"
  "UBSAN_OPTIONS=print_stacktrace=1 halt_on_error=1")

# joulebook_migrations(SERVICE)
#
# Writes migrations.cc for the service's store: its migrations travel inside the binary.
function(joulebook_migrations service)
  file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
  set(entries "")
  foreach(file ${migrations})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} sql)
    string(APPEND entries "    {\"${name}\", R\"sql(${sql})sql\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/migrations.cc CONTENT [[
#include "services/@service@/store/pg_store.h"

namespace joulebook::@service@ {

std::span<const Migration> Migrations() {
  static constexpr Migration kMigrations[] = {
@entries@  };
  return kMigrations;
}

}  // namespace joulebook::@service@
]] @ONLY)
endfunction()
