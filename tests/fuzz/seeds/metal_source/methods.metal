struct Pair {
  float a, b;
  float sum() const device { return a + b; }
  float sum() const thread { return a + b; }
  Pair operator+(Pair o) const threadgroup;
  void set(thread float& v) thread { v = 1; }
};
static void f(coherent(device) device float* x) { double d = 1; threadgroup float t[2] = {0}; float* q = (float*)x; }
vec<float, 4> g() { return vec<float, 4>(1.0); }
