// metalhost/facts/selectors-macos12.txt: which class declares which selector, with which types.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

class Facts {
 public:
  explicit Facts(const std::filesystem::path& file);

  // The declared types of a method of a class or protocol, its superclasses or adopted protocols, flattened as in
  // encoding.h; none if nothing declares it.
  std::optional<std::string> types(const std::string& receiver, bool to_class, const std::string& selector) const;

  // Whether a class or protocol of this name is in the facts.
  bool knows(const std::string& receiver) const;

 private:
  struct Entity {
    std::vector<std::string> parents;
    std::map<std::string, std::string> methods;  // "-rows" -> "Q"
  };
  std::optional<std::string> find(const std::string& entity, const std::string& method) const;

  std::map<std::string, Entity> entities_;  // "C:MPSMatrix", "P:MTLBuffer"
};

// "@40@0:8@16Q24@32" -> "@@Q@": offsets, names and qualifiers left out, nested structs merged, self and _cmd dropped.
std::string flatten_encoding(std::string_view encoding);
