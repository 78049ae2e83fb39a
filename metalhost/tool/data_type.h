// MTLDataType's numbers for scalars and short vectors.
#pragma once
#include <cstdint>
#include <string>

namespace metalhost::tool {

// "uint", "float4"
inline std::string data_type_name(uint64_t type) {
  struct Row {
    uint64_t first;  // the scalar; its vectors of 2, 3, 4 follow it
    const char* name;
  };
  for (const Row& row : {Row{3, "float"},
                         {16, "half"},
                         {29, "int"},
                         {33, "uint"},
                         {37, "short"},
                         {41, "ushort"},
                         {45, "char"},
                         {49, "uchar"},
                         {53, "bool"},
                         {81, "long"},
                         {85, "ulong"}}) {
    if (type < row.first || type > row.first + 3) continue;
    return type == row.first ? row.name : row.name + std::to_string(type - row.first + 1);
  }
  return "type " + std::to_string(type);
}

}  // namespace metalhost::tool
