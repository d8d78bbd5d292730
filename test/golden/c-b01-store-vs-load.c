/*
 * faultline input 1
 * file A size 4096 pages hole
 * process P0 a0 A 0 4096 shared
 * process P1 a0 A 0 4096 shared
 * thread T0 P0
 * store a0 0
 * thread T1 P1
 * load a0 0
 * first T0
 *
 * The same operations, for a kernel. DIR is a directory on a DAX mount;
 * files faultline-* in it are made anew, and stay:
 *
 *   gcc -O1 -pthread -Wall -Wextra -o repro repro.c && ./repro DIR
 *
 * Threads: T0 is A, T1 is B; A1 is the first operation of A.
 * Values, which are those of the simulation: 0 is zeros, 25 what A held, 1
 *   what A1 wrote.
 * A line has 2048 bytes, of which loads and stores take the first; its
 *   first byte is its value.
 * Tables say what a line holds by pread(2) and through each area: - past
 *   EOF or SIGBUS, . not mapped. Before the threads start nothing is
 *   loaded that would fault.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 2
#define ready (shared->started)
#define PATIENCE 60 /* seconds */
#define PAGE 4096
#define LINES 2
#define LINE 2048

static const char *name_of(int error)
{
    switch (error) {
#define NAME(e) case e: return #e;
    NAME(EACCES) NAME(EAGAIN) NAME(EBADF) NAME(EBUSY) NAME(EEXIST) NAME(EFAULT) NAME(EFBIG) NAME(EINTR)
    NAME(EINVAL) NAME(EIO) NAME(EISDIR) NAME(ENODEV) NAME(ENOENT) NAME(ENOMEM) NAME(ENOSPC) NAME(ENOSYS)
    NAME(ENOTTY) NAME(ENXIO) NAME(EOPNOTSUPP) NAME(EPERM) NAME(EROFS) NAME(ETXTBSY) NAME(EXDEV)
#undef NAME
    default: return strerror(error);
    }
}

static void must(int is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "%s: %s\n", what, name_of(errno));
    exit(1);
}

static struct {
    int started, met;
} *shared;

/* Under its name and, where there are as many, on a CPU of its own, it waits for the others. */
static void begin(const char *name, int number)
{
    cpu_set_t all, own;
    int cpu = -1;

    prctl(PR_SET_NAME, name);
    if (sched_getaffinity(0, sizeof(all), &all) == 0 && CPU_COUNT(&all) >= THREADS) {
        for (int left = number; left >= 0; left -= CPU_ISSET(cpu, &all))
            cpu++;
        CPU_ZERO(&own);
        CPU_SET(cpu, &own);
        must(sched_setaffinity(0, sizeof(own), &own) == 0, "sched_setaffinity");
    }
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    do
        sched_yield(); /* it can be held here, and the others see that it is ready */
    while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < THREADS);
}

/* Without what stdio takes: a lock that a thread held in write(2) would keep from the others, and memory. */
static void say_result(const char *format, ...)
{
    char text[320];
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    must(write(STDOUT_FILENO, text, length) == length, "stdout");
}

static void accessed(const char *what, int result)
{
    if (result >= 0)
        say_result("%s = %d\n", what, result);
    else
        say_result("%s = %s\n", what, result == -SIGBUS ? "SIGBUS" : "SIGSEGV");
}

static __thread sigjmp_buf escape;

static __thread volatile sig_atomic_t is_guarded;

static int store_to(volatile unsigned char *at, int value)
{
    int number = sigsetjmp(escape, 1);

    if (number == 0) {
        is_guarded = 1;
        *at = value;
    }
    is_guarded = 0;
    return -number;
}

struct area {
    volatile unsigned char *at;
    size_t length;
    int fd;
    off_t offset;
};

static struct area area[] = {
    { (unsigned char *)0x2000000000, 0, -1, 0 },
    { (unsigned char *)0x2010000000, 0, -1, 0 },
};

static int load_from(volatile unsigned char *at)
{
    volatile int value = -sigsetjmp(escape, 1);

    if (value == 0) {
        is_guarded = 1;
        value = *at;
    }
    is_guarded = 0;
    return value;
}

static void on_fault(int number)
{
    if (is_guarded)
        siglongjmp(escape, number);
    signal(number, SIG_DFL);
}

static void on_alarm(int number)
{
    static const char text[] = "no end: an operation that has no line is under way\n";

    (void)number;
    _exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 3 : 2);
}

static void get_ready(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGBUS, on_fault);
    signal(SIGSEGV, on_fault);
    signal(SIGALRM, on_alarm);
    alarm(PATIENCE);
    if (sysconf(_SC_PAGESIZE) == PAGE)
        return;
    fprintf(stderr, "a page of this machine has %ld bytes, not %d\n", sysconf(_SC_PAGESIZE), PAGE);
    exit(1);
}

static int fd_A;

static int new_file(const char *name)
{
    int fd;

    must(unlink(name) == 0 || errno == ENOENT, name);
    fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOATIME, 0600);
    must(fd >= 0, name);
    return fd;
}

static int process;

static pid_t part(void)
{
    pid_t other;

    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(shared != MAP_FAILED, "mmap");
    other = fork();
    must(other >= 0, "fork");
    process = other == 0;
    if (process == 1)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(PATIENCE);
    return other;
}

static int map_area(struct area *it, int fd, off_t offset, size_t length, int flags)
{
    void *at = mmap((void *)it->at, length, PROT_READ | PROT_WRITE, flags, fd, offset);

    if (at == MAP_FAILED)
        return -1;
    if (at != it->at) {
        munmap(at, length);
        errno = EEXIST;
        return -1;
    }
    it->fd = fd;
    it->offset = offset;
    it->length = length;
    return 0;
}

static void show_file(const char *when, const char *name, int fd)
{
    struct statx about;
    int is_dax = statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &about) == 0 &&
             (about.stx_attributes & STATX_ATTR_DAX) != 0;

    printf("%s %s size %lld %s\n", when, name, (long long)about.stx_size, is_dax ? "dax" : "not-dax");
    printf("%s %s line ", when, name);
    for (long line = 0; line < LINES; line++)
        printf(" %5ld", line * LINE);
    printf("\n%s %s pread", when, name);
    for (long line = 0; line < LINES; line++) {
        unsigned char byte;

        if (pread(fd, &byte, 1, line * LINE) == 1)
            printf(" %5d", byte);
        else
            printf("     -");
    }
    printf("\n");
}

/* A load would not fault. */
static int is_mapped(volatile unsigned char *at)
{
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t entry = 0;

    if (fd < 0)
        return 0;
    if (pread(fd, &entry, sizeof(entry), (uintptr_t)at / PAGE * sizeof(entry)) != sizeof(entry))
        entry = 0;
    close(fd);
    return entry >> 63;
}

static void show_areas(const char *when, const char *name, int fd, const char *owner, int may_fault)
{
    for (size_t i = 0; i < sizeof(area) / sizeof(*area); i++) {
        struct area *it = &area[i];

        if (it->length == 0 || it->fd != fd)
            continue;
        printf("%s %s %s.a%zu", when, name, owner, i);
        for (off_t offset = 0; offset < LINES * LINE; offset += LINE) {
            volatile unsigned char *at = it->at + (offset - it->offset);
            int is_inside = offset >= it->offset && offset < it->offset + (off_t)it->length;
            int value;

            if (!is_inside || (!may_fault && !is_mapped(at))) {
                printf("     .");
                continue;
            }
            value = load_from(at);
            if (value < 0)
                printf("     -");
            else
                printf(" %5d", value);
        }
        printf("\n");
    }
}

/* To a kernel module that holds threads, where there is one. It may let go once this is closed, so it stays open. */
static void tell_gate(int fd)
{
    int gate = open("/proc/faultline-gate", O_WRONLY | O_CLOEXEC);

    if (gate < 0 && errno == ENOENT)
        return;
    must(gate >= 0 && dprintf(gate, "fd %d\n", fd) > 0, "/proc/faultline-gate");
}

/* Until the other process has come here too. */
static void meet(void)
{
    static int met;

    met += 2;
    __atomic_add_fetch(&shared->met, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&shared->met, __ATOMIC_SEQ_CST) < met)
        usleep(1000);
}

static void start(pthread_t *thread, void *(*run)(void *))
{
    errno = pthread_create(thread, NULL, run, NULL);
    must(errno == 0, "pthread_create");
}

static void *thread_A(void *unused)
{
    begin("A", 0);
    accessed("A1 store a0 0",
        store_to(area[0].at + 0, 1));
    return unused;
}

static void *thread_B(void *unused)
{
    begin("B", 1);
    accessed("B1 load a0 0",
        load_from(area[0].at + 0));
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread[THREADS];
    pid_t other;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 1;
    }
    must(chdir(argv[1]) == 0, argv[1]);
    get_ready();
    fd_A = new_file("faultline-A");
    must(ftruncate(fd_A, 4096) == 0, "ftruncate");
    must(fsync(fd_A) == 0, "fsync");
    sync();

    other = part();
    if (process == 0) {
        must(map_area(&area[0], fd_A, 0, 4096, MAP_SHARED) == 0, "mmap");
    }
    if (process == 1) {
        must(map_area(&area[0], fd_A, 0, 4096, MAP_SHARED) == 0, "mmap");
    }

    if (process == 0) {
        show_file("before", "A", fd_A);
        show_areas("before", "A", fd_A, "P0", 0);
        tell_gate(fd_A);
    }
    meet();
    if (process == 1) {
        show_areas("before", "A", fd_A, "P1", 0);
    }
    meet();

    if (process == 0) {
        start(&thread[0], thread_A);
        pthread_join(thread[0], NULL);
    }
    if (process == 1) {
        start(&thread[1], thread_B);
        pthread_join(thread[1], NULL);
    }
    meet();

    if (process == 0) {
        show_file("after", "A", fd_A);
        show_areas("after", "A", fd_A, "P0", 1);
    }
    meet();
    if (process == 1) {
        show_areas("after", "A", fd_A, "P1", 1);
    }
    meet();
    if (process == 0) {
        waitpid(other, NULL, 0);
    }
    return 0;
}
