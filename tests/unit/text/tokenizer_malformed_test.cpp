// What happens to tokenizer files that are damaged, or that use what temper doesn't implement.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "temper/error.h"
#include "text/tokenizer.h"

namespace temper::text {
namespace {

constexpr std::string_view kValid = R"({
  "added_tokens": [{"id": 5, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": true}],
  "normalizer": {"type": "NFC"},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"Regex": "\\s+"}, "behavior": "Isolated", "invert": false},
    {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
    "pair": [], "special_tokens": {"</s>": {"id": "</s>", "ids": [5], "tokens": ["</s>"]}}},
  "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġa": 4}, "merges": ["a b", ["Ġ", "a"]]}
})";

/// One change of the valid file, and what the Error must say.
struct Damage {
  std::string name;
  std::function<void(Json&)> change;
  ErrorCode code;
  std::string says;
};

Json parsed(std::string_view text) {
  return parse_json(text, "test");
}

std::function<void(Json&)> set(const std::string& pointer, std::string_view value) {
  return [pointer, value = std::string(value)](Json& file) { file[Json::json_pointer(pointer)] = parsed(value); };
}

std::function<void(Json&)> erase(const std::string& pointer, const std::string& key) {
  return [pointer, key](Json& file) { file[Json::json_pointer(pointer)].erase(key); };
}

std::vector<Damage> damages() {
  constexpr ErrorCode kFormat = ErrorCode::format, kUnsupported = ErrorCode::unsupported;
  const std::string split = "/pre_tokenizer/pretokenizers/0";
  return {
      {"document is an array", set("", "[]"), kFormat, "an object is needed, this is of type array"},
      {"no model", erase("", "model"), kFormat, "'model' is missing"},
      {"model is a string", set("/model", R"("BPE")"), kFormat, "model: an object is needed"},
      {"WordPiece", set("/model/type", R"("WordPiece")"), kUnsupported, "model 'WordPiece' isn't supported"},
      {"Unigram", set("/model/type", R"("Unigram")"), kUnsupported, "known is BPE"},
      {"no vocabulary", erase("/model", "vocab"), kFormat, "model: 'vocab' is missing"},
      {"vocabulary is a list", set("/model/vocab", R"(["a"])"), kFormat, "model.vocab: an object is needed"},
      {"negative id", set("/model/vocab/a", "-1"), kFormat, "token 'a' has the id -1"},
      {"fractional id", set("/model/vocab/a", "0.5"), kFormat, "token 'a' has the id 0.5"},
      {"id is a string", set("/model/vocab/a", R"("0")"), kFormat, "token 'a' has the id \"0\""},
      {"enormous id", set("/model/vocab/a", "4000000000"), kFormat, "integers from 0 to 65576 are plausible"},
      {"id beyond 64 bits", set("/model/vocab/a", "18446744073709551615"), kFormat, "token 'a' has the id"},
      {"two tokens of one id", set("/model/vocab/b", "0"), kFormat, "tokens 'a' and 'b' have the same id 0"},
      {"no merges", erase("/model", "merges"), kFormat, "model: 'merges' is missing"},
      {"merge without a space", set("/model/merges/0", R"("ab")"), kFormat, "merge 0 is 'ab'"},
      {"merge of three", set("/model/merges/0", R"("a b a")"), kFormat, "merge 0 is 'a b a'"},
      {"merge list of one", set("/model/merges/1", R"(["a"])"), kFormat, "merge 1 is [\"a\"]"},
      {"merge is a number", set("/model/merges/1", "7"), kFormat, "merge 1 is 7"},
      {"merge of an unknown token", set("/model/merges/0", R"("a x")"), kFormat, "token 'x' isn't in the vocabulary"},
      {"merge gives an unknown token", set("/model/merges/0", R"("b a")"), kFormat, "gives 'ba', which isn't"},
      {"dropout", set("/model/dropout", "0.1"), kUnsupported, "dropout"},
      {"dropout is text", set("/model/dropout", R"("x")"), kUnsupported, "dropout"},
      {"prefix", set("/model/continuing_subword_prefix", R"("##")"), kUnsupported, "continuing_subword_prefix: '##'"},
      {"suffix", set("/model/end_of_word_suffix", R"("</w>")"), kUnsupported, "end_of_word_suffix: '</w>'"},
      {"unknown unk_token", set("/model/unk_token", R"("<unk>")"), kFormat,
       "unk_token '<unk>' isn't in the vocabulary"},
      {"unk_token is a number", set("/model/unk_token", "3"), kFormat, "model.unk_token: a string is needed"},
      {"byte_fallback is text", set("/model/byte_fallback", R"("yes")"), kFormat, "byte_fallback: true or false"},
      {"added tokens are an object", set("/added_tokens", "{}"), kFormat, "added_tokens: an array is needed"},
      {"added token without content", erase("/added_tokens/0", "content"), kFormat, "added_tokens[0]: 'content' is"},
      {"added token without a flag", erase("/added_tokens/0", "lstrip"), kFormat,
       "added_tokens[0]: 'lstrip' is missing"},
      {"empty added token", set("/added_tokens/0/content", R"("")"), kFormat, "added_tokens[0]: 'content' is empty"},
      {"added token of a wrong id", set("/added_tokens/0/id", "9"), kFormat, "'</s>' has the id 9, but by its place"},
      {"added token that has another id", set("/added_tokens/0/content", R"("ab")"), kFormat, "in the vocabulary 3"},
      {"added twice", [](Json& file) { file["added_tokens"].push_back(file["added_tokens"][0]); }, kFormat,
       "added_tokens[1]: '</s>' is added twice"},
      {"unknown normalizer", set("/normalizer/type", R"("Precompiled")"), kUnsupported,
       "normalizer 'Precompiled' isn't supported; known are NFC"},
      {"normalizer without a type", set("/normalizer", "{}"), kFormat, "normalizer: 'type' is missing"},
      {"normalizers are no list", set("/normalizer", R"({"type": "Sequence", "normalizers": 1})"), kFormat,
       "normalizer.normalizers: an array is needed"},
      {"unknown pre-tokenizer", set("/pre_tokenizer", R"({"type": "Metaspace"})"), kUnsupported,
       "pre_tokenizer: pre-tokenizer 'Metaspace' isn't supported; known are ByteLevel"},
      {"unknown behavior", set(split + "/behavior", R"("Dropped")"), kFormat, "behavior 'Dropped' is none of"},
      {"no pattern", erase(split, "pattern"), kFormat, "pretokenizers[0]: 'pattern' is missing"},
      {"pattern of another kind", set(split + "/pattern", R"({"Glob": "*"})"), kFormat, "a pattern is"},
      {"unbalanced regular expression", set(split + "/pattern/Regex", R"("(a")"), kFormat, "regular expression '(a'"},
      {"unfinished class", set(split + "/pattern/Regex", R"("[a")"), kUnsupported, "an unfinished character class"},
      {"class in a class", set(split + "/pattern/Regex", R"("[a[b]]")"), kUnsupported, "a class inside a class"},
      {"unknown property", set(split + "/pattern/Regex", R"("\\p{Nonsense}")"), kUnsupported, "\\p{Nonsense}"},
      {"65 steps",
       [](Json& file) {
         const Json step = file["pre_tokenizer"]["pretokenizers"][1];
         for (int i = 0; i < 64; ++i) file["pre_tokenizer"]["pretokenizers"].push_back(step);
       },
       kUnsupported, "more than 64 steps"},
      {"nested too deeply",
       [](Json& file) {
         for (int i = 0; i < 200; ++i) {
           file["normalizer"] = {{"type", "Sequence"}, {"normalizers", Json::array({file["normalizer"]})}};
         }
       },
       kFormat, "nested deeper"},
      {"unknown post-processor", set("/post_processor/type", R"("Odd")"), kUnsupported, "post-processor 'Odd'"},
      {"template of an unknown token", erase("/post_processor/special_tokens", "</s>"), kFormat, "'</s>' is missing"},
      {"template of an unknown id", set("/post_processor/special_tokens/<~1s>/ids", "[77]"), kFormat,
       "no token has the id 77"},
      {"template without a sequence", set("/post_processor/single", "[]"), kUnsupported, "sequence A exactly once"},
      {"unknown decoder", set("/decoder/type", R"("WordPiece")"), kUnsupported, "decoder 'WordPiece' isn't supported"},
      {"strip of two characters", set("/decoder", R"({"type": "Strip", "content": "ab", "start": 1, "stop": 0})"),
       kFormat, "one character"},
      {"strip of a negative count", set("/decoder", R"({"type": "Strip", "content": "a", "start": -1, "stop": 0})"),
       kFormat, "decoder.start: an integer from 0"},
      {"replacement after the join", set("/decoder", R"({"type": "Sequence", "decoders": [{"type": "Fuse"},
                          {"type": "Replace", "pattern": {"String": "a"}, "content": ""}]})"),
       kUnsupported, "after Fuse or ByteLevel only one Strip"},
  };
}

TEST(MalformedTokenizerJson, TheUndamagedFileIsRead) {
  const Tokenizer tokenizer = Tokenizer::from_json(kValid, "", "file");
  EXPECT_EQ(tokenizer.encode_with_special("ab a"), (std::vector<int32_t>{3, 2, 0, 5}));
}

TEST(MalformedTokenizerJson, EachDamageIsAnErrorThatNamesIt) {
  std::set<std::string> names;
  for (const Damage& damage : damages()) {
    EXPECT_TRUE(names.insert(damage.name).second) << damage.name << " is there twice";
    Json file = parsed(kValid);
    damage.change(file);
    try {
      Tokenizer::from_json(file.dump(), "", "dir/tokenizer.json");
      ADD_FAILURE() << damage.name << ": no error";
    } catch (const Error& error) {
      const std::string_view what = error.what();
      EXPECT_EQ(error.code(), damage.code) << damage.name << ": " << what;
      EXPECT_TRUE(what.starts_with("dir/tokenizer.json: ")) << damage.name << ": " << what;
      EXPECT_NE(what.find(damage.says), what.npos) << damage.name << ": " << what;
    }
  }
  EXPECT_GE(names.size(), 50u);
}

TEST(MalformedTokenizerJson, NoPrefixOfAFileIsRead) {
  for (size_t size = 0; size + 1 < kValid.size(); ++size) {
    EXPECT_THROW(Tokenizer::from_json(kValid.substr(0, size), "", "prefix"), Error) << size;
  }
}

TEST(MalformedTokenizerJson, ConfigurationIsChecked) {
  const auto message = [](std::string_view config) -> std::string {
    try {
      Tokenizer::from_json(kValid, config, "dir");
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(message("[]").find("dir (tokenizer_config.json): an object is needed"), std::string::npos);
  EXPECT_NE(message("{").find("dir (tokenizer_config.json): line 1"), std::string::npos);
  EXPECT_NE(message(R"({"bos_token": 3})").find("bos_token: a string is needed"), std::string::npos);
  EXPECT_NE(message(R"({"eos_token": {}})").find("eos_token: 'content' is missing"), std::string::npos);
}

TEST(MalformedTokenizerJson, AnExplodingNormalizerIsStopped) {
  Json file = parsed(kValid);
  const Json replace = parsed(R"({"type": "Replace", "pattern": {"String": ""}, "content": "aaaaaaaaaaaaaaaaaaaa"})");
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", Json::array()}};
  for (int i = 0; i < 20; ++i) file["normalizer"]["normalizers"].push_back(replace);
  const Tokenizer tokenizer = Tokenizer::from_json(file.dump(), "", "file");
  EXPECT_THROW(tokenizer.encode("abc"), Error);
}

}  // namespace
}  // namespace temper::text
