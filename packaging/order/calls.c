// Runs a program and writes the address of each of its functions when it is called for the first time.
//
//   calls ADDRESSES FOLDER PROGRAM [ARGUMENT…]
//
// ADDRESSES is a file with the addresses of the functions within the program's file, hexadecimal, one a line. The result is a file
// in FOLDER, named after the process, with the addresses of those that were called, in the order of their first calls.
//
// Each function begins with a breakpoint, which is removed when it is reached. x86-64 only. Valgrind cannot run the program: rustix
// reads the vdso, which Valgrind hides.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct function {
  unsigned long address;
  unsigned char first_byte;
};

static struct function functions[1 << 17];
static size_t count;
static pid_t child;

static int compare(const void *left, const void *right) {
  unsigned long a = ((const struct function *)left)->address, b = ((const struct function *)right)->address;
  return (a > b) - (a < b);
}

static void read_addresses(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) exit((perror(path), 2));
  while (count < sizeof functions / sizeof *functions && fscanf(file, "%lx", &functions[count].address) == 1) count++;
  fclose(file);
  qsort(functions, count, sizeof *functions, compare);
}

// Where the program is in memory: the begin of its first mapping.
static unsigned long base_of(pid_t process) {
  char path[64];
  unsigned long base = 0;
  snprintf(path, sizeof path, "/proc/%d/maps", process);
  FILE *file = fopen(path, "r");
  if (!file || fscanf(file, "%lx", &base) != 1) exit((perror(path), 2));
  fclose(file);
  return base;
}

static void forward(int signal) { kill(child, signal); }

// Whether the thread stands behind a breakpoint, which is then removed and its function written.
static int is_first_call(pid_t thread, int memory, unsigned long base, FILE *out) {
  struct user_regs_struct registers;
  ptrace(PTRACE_GETREGS, thread, 0, &registers);
  struct function wanted = {registers.rip - 1 - base, 0};
  struct function *found = bsearch(&wanted, functions, count, sizeof *functions, compare);
  if (!found) return 0;
  pwrite(memory, &found->first_byte, 1, base + found->address);
  registers.rip--;
  ptrace(PTRACE_SETREGS, thread, 0, &registers);
  fprintf(out, "%lx\n", found->address);
  fflush(out);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 4) return fputs("usage: calls ADDRESSES FOLDER PROGRAM [ARGUMENT…]\n", stderr), 2;
  read_addresses(argv[1]);
  child = fork();
  if (!child) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[3], argv + 3);
    _exit(127);
  }
  signal(SIGTERM, forward);
  signal(SIGINT, forward);
  int status;
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);

  char path[4096];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  int memory = open(path, O_RDWR);
  snprintf(path, sizeof path, "%s/%d", argv[2], child);
  FILE *out = fopen(path, "w");
  if (memory < 0 || !out) return perror(path), 2;
  unsigned long base = base_of(child);
  for (size_t i = 0; i < count; i++) pread(memory, &functions[i].first_byte, 1, base + functions[i].address);
  for (size_t i = 0; i < count; i++) pwrite(memory, "\xcc", 1, base + functions[i].address);
  ptrace(PTRACE_CONT, child, 0, 0);

  for (;;) {
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0 && errno == EINTR) continue;
    if (thread < 0) break;
    if (!WIFSTOPPED(status)) {
      if (thread == child) break;
      continue;
    }
    int stop = WSTOPSIG(status), is_event = status >> 16;
    int is_ours = is_event || stop == SIGSTOP || (stop == SIGTRAP && is_first_call(thread, memory, base, out));
    ptrace(PTRACE_CONT, thread, 0, is_ours ? 0 : stop);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
