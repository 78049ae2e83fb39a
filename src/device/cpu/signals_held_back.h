#pragma once

#include <pthread.h>
#include <signal.h>

namespace temper::cpu {

/// No signal is taken on this thread while one of these lives; it waits, or another thread takes it. For calls into
/// oneDNN: its generated kernels keep data below the stack pointer, where a signal's frame overwrites it (2.6.3, sgemm
/// on AVX-512: a handler that did nothing corrupted the heap within a second of timer signals).
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t all;
    sigfillset(&all);
    // What a thread does to itself can't wait.
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&all, own);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

 private:
  sigset_t before_;
};

}  // namespace temper::cpu
