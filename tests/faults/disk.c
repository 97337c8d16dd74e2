/* A disk that fails on demand, for one program: preloaded, it stands before the C library's calls on files below
 * FAULTS_FOLDER. The first byte of the file FAULTS_SWITCH says how the disk is: 0 well, 1 full, 2 slow, 3 hangs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WELL, FULL, SLOW, HANGING };

static volatile const unsigned char *fault;
static const char *folder;

static int is_ours(const char *path) { return folder && path && strncmp(path, folder, strlen(folder)) == 0; }

static int is_open_of_ours(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

/* Waits as the disk does; returns whether a write finds it full. */
static int wait_for_disk(void) {
    while (fault && *fault == HANGING) usleep(10000);
    if (fault && *fault == SLOW) usleep(30000);
    return fault && *fault == FULL;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_SWITCH");
    folder = getenv("FAULTS_FOLDER");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *mapped = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
        fault = mapped == MAP_FAILED ? NULL : mapped;
        close(fd);
    }
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FULL_ON(condition) \
    if ((condition) && wait_for_disk()) { errno = ENOSPC; return -1; }
#define LATE_ON(condition) \
    if (condition) wait_for_disk();

ssize_t write(int fd, const void *bytes, size_t count) {
    FULL_ON(is_open_of_ours(fd))
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    FULL_ON(is_open_of_ours(fd))
    return REAL(pwrite64)(fd, bytes, count, at);
}

int rename(const char *from, const char *to) {
    LATE_ON(is_ours(to))
    return REAL(rename)(from, to);
}

int fsync(int fd) {
    LATE_ON(is_open_of_ours(fd))
    return REAL(fsync)(fd);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    LATE_ON(is_ours(path))
    return REAL(open64)(path, flags, mode);
}
