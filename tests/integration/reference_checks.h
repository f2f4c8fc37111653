// The checks of every service's references: settings, error reasons, metrics.
#pragma once

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "common/testing/matchers.h"
#include "tests/integration/service_process.h"

namespace joulebook {

inline std::string SourceText(const std::string& path) {
  std::ifstream file(JOULEBOOK_SOURCE_DIR "/" + path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

inline void ExpectReadmeHoldsSettings(const std::string& service) {
  const auto table = RunCommand({BinaryPath(service + "d"), "--settings-reference"});
  ASSERT_THAT(table, IsOk());
  EXPECT_NE(SourceText("services/" + service + "/README.md").find(*table), std::string::npos)
      << "services/" << service << "/README.md needs this table:\n"
      << *table;
}

// `name_of` gives the enumerator's name by its number, from 1 to `last`.
inline void ExpectReasonsNamed(int last, const std::function<std::string(int)>& name_of,
                               const std::vector<std::string>& test_files) {
  std::string tests;
  for (const std::string& path : test_files) tests += SourceText(path);
  for (int number = 1; number <= last; ++number) {
    const std::string name = name_of(number).substr(sizeof("ERROR_REASON_") - 1);
    EXPECT_NE(tests.find('"' + name + '"'), std::string::npos) << name;
  }
}

// The service's own metrics and gRPC's are the golden list; the text is returned.
inline std::string ExpectGoldenMetrics(const std::string& service, int port) {
  const auto text = ReadMetrics(port);
  EXPECT_THAT(text, IsOk());
  if (!text.ok()) return "";
  std::set<std::string> names;
  const std::regex type_line("# TYPE ([a-z_]+) ([a-z]+)");
  for (std::sregex_iterator it(text->begin(), text->end(), type_line), end; it != end; ++it) {
    const std::string name = (*it)[1];
    if (name.starts_with(service + "_") || name.starts_with("grpc_")) {
      names.insert(name + " " + std::string((*it)[2]));
    }
  }
  std::string listed;
  for (const std::string& name : names) listed += name + "\n";
  EXPECT_EQ(listed, SourceText("tests/testdata/" + service + "/metrics.txt"));
  return *text;
}

}  // namespace joulebook
