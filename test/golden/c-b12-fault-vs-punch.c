/*
 * What a model of the locking does, not a trace of a kernel:
 *
 * B12 fault maps a block that a hole punch frees
 * Stale pte to a freed or foreign block, at step 17: T1 remove the extent,
 *   free the block.
 * Page 0 of file A is mapped to block 0, which is not its block any more:
 *   punch took it.
 * Had step 9 (T0 down_read(i_mmap_rwsem): waits) come before step 8 (T1
 *   unmap: down_write(i_mmap_rwsem)), this run would not show it.
 *
 * v42-immap-read: DAX of 4.2 on ext4: i_mmap_rwsem for read around the
 *   size check and the pte
 * file A size 4096 pages written
 * process P0 a0 A 0 4096 shared
 * T0 in P0: load a0 0
 * T1 in P0: punch A 0 4096
 *
 * step  T0 load a0 0                    | T1 punch A 0 4096
 *    1  T0 load a0 0: page fault        |
 *    2  T0 down_read(mmap_sem)          |
 *    3  T0 find the vma, look at the    |
 *   ..  T0   pte                        |
 *    4  T0 check i_size                 |
 *    5  T0 look for a page in the cache |
 *    6  T0 get_block(create=0)          |
 *    7                                  | T1 down_write(i_mutex)
 *    8*                                 | T1 unmap:
 *   ..                                  | T1   down_write(i_mmap_rwsem)
 *    9* T0 down_read(i_mmap_rwsem):     |
 *   ..  T0   waits                      |
 *   10                                  | T1 unmap: clear the pte
 *   11                                  | T1 up_write(i_mmap_rwsem)
 *   12  T0 check i_size                 |
 *   13  T0 resolve the pfn              |
 *   14  T0 install the pte (read-only)  |
 *   15                                  | T1 drop: look for the next
 *   ..                                  | T1   cached page or entry
 *   16                                  | T1 start a journal handle
 *   17                                  | T1 remove the extent, free the
 *   ..                                  | T1   block
 *   17  <-- stale pte to a freed or foreign block
 *   17  <-- T0 holds mmap_sem, i_mmap_rwsem
 *   17  <-- T1 holds i_mutex, jbd2 handle
 *   18                                  | T1 unmap:
 *   ..                                  | T1   down_write(i_mmap_rwsem):
 *   ..                                  | T1   waits
 *   19  T0 up_read(i_mmap_rwsem)        |
 *   20  T0 up_read(mmap_sem)            |
 *   21  T0 load a0 0 -> old data of A   |
 *   22                                  | T1 unmap: clear the pte
 *   23                                  | T1 up_write(i_mmap_rwsem)
 *   24                                  | T1 drop: look for the next
 *   ..                                  | T1   cached page or entry
 *   25                                  | T1 stop the journal handle
 *   26                                  | T1 up_write(i_mutex)
 *
 * step 17: page 0 of file A is mapped to block 0, which is not its block
 *   any more: punch took it
 * signature: unfenced punch
 * *: the two steps whose order decides
 *
 * The same operations, for a kernel. DIR is a directory on a DAX mount;
 * files faultline-* in it are made anew, and stay:
 *
 *   gcc -O1 -pthread -Wall -Wextra -o repro repro.c && ./repro DIR
 *
 * Threads: T0 is A, T1 is B; A1 is the first operation of A.
 * Values, which are those of the simulation: 0 is zeros, 25 what A held.
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

static int ready;

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

static void returned(const char *what, long result)
{
    if (result == -1)
        say_result("%s = -1 %s\n", what, name_of(errno));
    else
        say_result("%s = %ld\n", what, result);
}

static int fd_A;

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

static int new_file(const char *name)
{
    int fd;

    must(unlink(name) == 0 || errno == ENOENT, name);
    fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOATIME, 0600);
    must(fd >= 0, name);
    return fd;
}

static __thread unsigned char buffer[32768];

static void *filled(int value, size_t length)
{
    return memset(buffer, value, length);
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

static void start(pthread_t *thread, void *(*run)(void *))
{
    errno = pthread_create(thread, NULL, run, NULL);
    must(errno == 0, "pthread_create");
}

static void *thread_A(void *unused)
{
    begin("A", 0);
    accessed("A1 load a0 0",
        load_from(area[0].at + 0));
    return unused;
}

static void *thread_B(void *unused)
{
    begin("B", 1);
    returned("B1 punch A 0 4096",
        fallocate(fd_A, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread[THREADS];

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIR\n", argv[0]);
        return 1;
    }
    must(chdir(argv[1]) == 0, argv[1]);
    get_ready();
    fd_A = new_file("faultline-A");
    must(ftruncate(fd_A, 4096) == 0, "ftruncate");
    must(pwrite(fd_A, filled(25, 4096), 4096, 0) == 4096, "pwrite");
    must(fsync(fd_A) == 0, "fsync");
    sync();
    must(map_area(&area[0], fd_A, 0, 4096, MAP_SHARED) == 0, "mmap");

    show_file("before", "A", fd_A);
    show_areas("before", "A", fd_A, "P0", 0);
    tell_gate(fd_A);

    start(&thread[0], thread_A);
    start(&thread[1], thread_B);
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);

    show_file("after", "A", fd_A);
    show_areas("after", "A", fd_A, "P0", 1);
    return 0;
}
