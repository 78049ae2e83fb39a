// The facts about Apple's headers, as methods with signatures in metalhost's notation.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

// Selector and arm64 type encoding of every class and protocol in a facts file.
class Facts {
 public:
  explicit Facts(const std::string& path);

  // The signature ("QQ@" as in metalhost/signature.h) of a method of an entry ("P:MTLBuffer") or of what it inherits
  // from. `sign` is '-' or '+'.
  std::optional<std::string> find(const std::string& entry, char sign, const std::string& selector) const;
  std::size_t size() const { return count_; }

 private:
  struct Entry {
    std::vector<std::string> parents;
    std::map<std::string, std::string> methods;  // "-length" -> signature
  };
  std::map<std::string, Entry> entries_;
  std::size_t count_ = 0;
};

// Apple's encoding ("Q24@0:8@16") in metalhost's notation ("Q@"), without receiver and selector.
std::string signature_of_encoding(const std::string& encoding);
