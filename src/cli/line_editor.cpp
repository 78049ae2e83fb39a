#include "cli/line_editor.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <system_error>

#include "base/fail.h"

namespace temper::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kHistoryLines = 1000;

}  // namespace

struct LineEditor::Terminal {
  EditLine* editor = nullptr;
  History* history = nullptr;
  fs::path history_file;
  std::string prompt;
  int interrupts = -1;
  bool interrupted = false;

  static Terminal& of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Terminal*>(data);
  }

  static char* prompt_of(EditLine* editor) { return of(editor).prompt.data(); }

  /// Waits for a key or an interrupt. A read that relied on EINTR would miss the signal that comes just before it.
  static int next_character(EditLine* editor, wchar_t* character) {
    Terminal& self = of(editor);
    std::mbstate_t state{};
    for (;;) {
      pollfd ready[] = {{self.interrupts, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
      if (poll(ready, 2, -1) < 0) {
        if (errno == EINTR) continue;
        return -1;
      }
      char byte = 0;
      if (ready[0].revents && ::read(self.interrupts, &byte, 1) == 1) {
        self.interrupted = true;
        return -1;
      }
      if (!ready[1].revents) continue;
      const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count <= 0) return static_cast<int>(count);
      const size_t length = std::mbrtowc(character, &byte, 1, &state);
      if (length == static_cast<size_t>(-1)) state = {};  // not a character of this encoding: left out
      if (length <= 1) return 1;
    }
  }
};

LineEditor::LineEditor(fs::path history, bool terminal, int interrupts) {
  if (!terminal) return;
  terminal_ = std::make_unique<Terminal>();
  Terminal& t = *terminal_;
  std::setlocale(LC_CTYPE, "");  // libedit takes the terminal's encoding from it
  t.editor = el_init("temper", stdin, stdout, stderr);
  if (!t.editor) fail(ErrorCode::io, "chat: the terminal can't be set up for editing; use `temper chat < FILE`");
  t.history = history_init();
  HistEvent event;
  ::history(t.history, &event, H_SETSIZE, kHistoryLines);
  ::history(t.history, &event, H_SETUNIQUE, 1);
  t.interrupts = interrupts;
  el_set(t.editor, EL_CLIENTDATA, &t);
  el_set(t.editor, EL_PROMPT, Terminal::prompt_of);
  el_set(t.editor, EL_GETCFN, Terminal::next_character);
  el_set(t.editor, EL_EDITOR, "emacs");
  el_set(t.editor, EL_HIST, ::history, t.history);
  el_source(t.editor, nullptr);
  if (history.empty()) return;
  std::error_code ignored;
  fs::create_directories(history.parent_path(), ignored);
  t.history_file = std::move(history);
  ::history(t.history, &event, H_LOAD, t.history_file.c_str());
}

LineEditor::~LineEditor() {
  if (!terminal_) return;
  HistEvent event;
  if (!terminal_->history_file.empty()) ::history(terminal_->history, &event, H_SAVE, terminal_->history_file.c_str());
  history_end(terminal_->history);
  el_end(terminal_->editor);
}

LineEditor::Result LineEditor::read(const std::string& prompt, std::string& line) {
  line.clear();
  if (!terminal_) {
    errno = 0;
    for (int c = std::getc(stdin); c != EOF; c = std::getc(stdin)) {
      if (c == '\n') return Result::line;
      line += static_cast<char>(c);
    }
    if (std::ferror(stdin) && errno == EINTR) return Result::interrupted;
    return line.empty() ? Result::end : Result::line;
  }
  terminal_->prompt = prompt;
  terminal_->interrupted = false;
  int count = 0;
  el_set(terminal_->editor, EL_PREP_TERM, 1);  // before the prompt shows: what is typed at once is a key already
  const char* text = el_gets(terminal_->editor, &count);
  if (text && count > 0) {
    line.assign(text, static_cast<size_t>(count));
    if (line.ends_with('\n')) line.pop_back();
    return Result::line;
  }
  std::fputc('\n', stdout);
  if (terminal_->interrupted) {
    el_reset(terminal_->editor);
    return Result::interrupted;
  }
  return Result::end;
}

void LineEditor::remember(const std::string& line) {
  if (!terminal_) return;
  HistEvent event;
  ::history(terminal_->history, &event, H_ENTER, line.c_str());
}

}  // namespace temper::cli
