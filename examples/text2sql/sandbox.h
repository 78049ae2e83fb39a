#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "database.h"

struct sqlite3;

namespace temper::text2sql {

/// What an untrusted statement gave: its rows, or why it was refused.
struct Execution {
  bool ok = false;
  std::vector<Row> rows;
  std::string error;  // empty when ok
};

/// An in-memory SQLite database in which untrusted SQL can be executed: reading only (an authorizer refuses everything
/// but SELECT, column reads and a list of harmless functions), one statement a call, bounded virtual-machine steps,
/// result rows, string lengths and expression depth. Nothing outside the database can be reached and nothing in it
/// changed.
class Sandbox {
 public:
  /// Creates the tables and inserts the rows. Throws Error{data} when SQLite refuses them.
  explicit Sandbox(const Database& database);

  /// Executes one statement; every failure is reported in the result, none thrown.
  Execution execute(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace temper::text2sql
