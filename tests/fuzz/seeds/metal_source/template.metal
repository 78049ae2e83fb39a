# 1 "/a/b.h" 1 3
namespace a::b {
template <typename T, int N = 4>
[[kernel, max_total_threads_per_threadgroup(256)]] void scale(device T* x, constant const long s[2], uint i [[thread_position_in_grid]]) {
  struct Local { static T same(T v) { return v; } };
  x[i] = Local::same(x[i] * T(s[0]));
}
template [[host_name("scale_" "f32")]] [[kernel]] decltype(scale<float>) scale<float>;
template [[host_name("scale_f16")]] [[kernel]] void scale<half, 2>(device half*, constant const long*, uint);
}
# 40 "program_source" 2
typedef decltype(f<float>) f_t;
template [[host_name("f")]] f_t f<float>;
