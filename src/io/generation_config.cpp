#include "base/fail.h"
#include "base/json.h"
#include "io/json_fields.h"
#include "io/model_config.h"

namespace temper::io {

GenerationConfig generation_config_from_json(std::string_view text, std::string_view where) {
  const Json object = parse_json(text, where);
  if (!object.is_object()) fail(ErrorCode::format, "{}: not a JSON object", where);
  GenerationConfig config;
  config.bos_token_id = json_token_id(object, "bos_token_id", where);
  config.pad_token_id = json_token_id(object, "pad_token_id", where);
  config.eos_token_ids = json_token_ids(object, "eos_token_id", where);
  config.do_sample = json_bool(object, "do_sample", where);
  config.temperature = json_number(object, "temperature", where);
  config.top_p = json_number(object, "top_p", where);
  config.min_p = json_number(object, "min_p", where);
  config.repetition_penalty = json_number(object, "repetition_penalty", where);
  config.top_k = json_integer(object, "top_k", where);
  config.max_new_tokens = json_integer(object, "max_new_tokens", where);
  return config;
}

std::string generation_config_to_json(const GenerationConfig& config) {
  OrderedJson object = OrderedJson::object();
  const auto put = [&](const char* key, const auto& value) {
    if (value) object[key] = *value;
  };
  put("bos_token_id", config.bos_token_id);
  if (config.eos_token_ids.size() == 1)
    object["eos_token_id"] = config.eos_token_ids[0];
  else if (!config.eos_token_ids.empty())
    object["eos_token_id"] = config.eos_token_ids;
  put("pad_token_id", config.pad_token_id);
  put("do_sample", config.do_sample);
  put("temperature", config.temperature);
  put("top_k", config.top_k);
  put("top_p", config.top_p);
  put("min_p", config.min_p);
  put("repetition_penalty", config.repetition_penalty);
  put("max_new_tokens", config.max_new_tokens);
  return object.dump(2) + "\n";
}

}  // namespace temper::io
