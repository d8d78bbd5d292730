/**
 * Functions in C that the programs of `program.ts` call. A program prints those that it mentions, each after those that
 * it needs itself, so that gcc finds none unused. No name of theirs is a word of an operation's text.
 */
import {
  AREAS,
  FILE_BYTES_MAX,
  LINE_BYTES,
  PAGE_BYTES,
} from '../../../corpus/vocabulary/limits.ts';
import { OUTPUT_LIBRARY } from './library-output.ts';
import { THREAD_LIBRARY } from './library-threads.ts';

const c = String.raw;

export const INCLUDES = `#define _GNU_SOURCE
${[
  'errno',
  'fcntl',
  'linux/falloc',
  'linux/fs',
  'pthread',
  'sched',
  'setjmp',
  'signal',
  'stdarg',
  'stdint',
  'stdio',
  'stdlib',
  'string',
  'sys/ioctl',
  'sys/mman',
  'sys/prctl',
  'sys/stat',
  'sys/uio',
  'sys/wait',
  'time',
  'unistd',
]
  .map((header) => `#include <${header}.h>`)
  .join('\n')}`;

/** Where areas lie: an address space of 39 bits has it, and the kernel chooses it for no other mapping. */
const AREAS_AT = 0x20_0000_0000;
const AREA_STEP = 0x1000_0000;
const AREA_ROWS = Array.from({ length: AREAS }, (_, i) => {
  return `    { (unsigned char *)0x${(AREAS_AT + i * AREA_STEP).toString(16)}, 0, -1, 0 },`;
});

const SIGNALS: Readonly<Record<string, string>> = {
  escape: 'static __thread sigjmp_buf escape;',
  is_guarded: 'static __thread volatile sig_atomic_t is_guarded;',
  on_fault: c`static void on_fault(int number)
{
    if (is_guarded)
        siglongjmp(escape, number);
    signal(number, SIG_DFL);
}`,
  on_alarm: c`static void on_alarm(int number)
{
    static const char text[] = "no end: an operation that has no line is under way\n";

    (void)number;
    _exit(write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 3 : 2);
}`,
  get_ready: c`static void get_ready(void)
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
}`,
};

/** One byte each, so that they are atomic; a signal's number, negative, in place of what they return. */
const ACCESSES: Readonly<Record<string, string>> = {
  load_from: c`static int load_from(volatile unsigned char *at)
{
    volatile int value = -sigsetjmp(escape, 1);

    if (value == 0) {
        is_guarded = 1;
        value = *at;
    }
    is_guarded = 0;
    return value;
}`,
  store_to: c`static int store_to(volatile unsigned char *at, int value)
{
    int number = sigsetjmp(escape, 1);

    if (number == 0) {
        is_guarded = 1;
        *at = value;
    }
    is_guarded = 0;
    return -number;
}`,
  write_back: c`static void write_back(volatile unsigned char *at)
{
#if defined(__x86_64__)
    __asm__ volatile("clflush %0\n\tsfence" : "+m"(*at));
#elif defined(__aarch64__)
    __asm__ volatile("dc cvac, %0\n\tdsb ish" : : "r"(at) : "memory");
#else
#error "no instruction is known that writes a cache line back"
#endif
}`,
  flush_from: c`static int flush_from(volatile unsigned char *at)
{
    int number = sigsetjmp(escape, 1);

    if (number == 0) {
        is_guarded = 1;
        write_back(at);
    }
    is_guarded = 0;
    return -number;
}`,
  write_pinned: c`static long write_pinned(volatile unsigned char *at, int value)
{
    struct iovec from = { filled(value, LINE), LINE };
    struct iovec to = { (void *)at, LINE };

    return process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}`,
};

const FILES: Readonly<Record<string, string>> = {
  new_file: c`static int new_file(const char *name)
{
    int fd;

    must(unlink(name) == 0 || errno == ENOENT, name);
    fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOATIME, 0600);
    must(fd >= 0, name);
    return fd;
}`,
  buffer: `static __thread unsigned char buffer[${FILE_BYTES_MAX}];`,
  filled: c`static void *filled(int value, size_t length)
{
    return memset(buffer, value, length);
}`,
  leave_zero_page: c`/* A load of a hole leaves a zero page in the cache. */
static void leave_zero_page(int fd, off_t offset)
{
    unsigned char *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, offset);

    must(page != MAP_FAILED, "mmap");
    must(load_from(page) == 0, "load of a hole");
    must(munmap(page, PAGE) == 0, "munmap");
}`,
  drop_all_caches: c`static int drop_all_caches(void)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
    int result = fd < 0 || write(fd, "1\n", 2) != 2 ? -1 : 0;

    if (fd >= 0)
        close(fd);
    return result;
}`,
  commit_log: c`/* fsync of another file that has changed commits the running transaction of ext4, forces the log of XFS. */
static int commit_log(void)
{
    int fd = open("faultline-log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int result = fd < 0 || write(fd, "\n", 1) != 1 ? -1 : fsync(fd);

    if (fd >= 0)
        close(fd);
    return result;
}`,
  swap_request: c`/* struct xfs_swapext; of the struct xfs_bstat in it the times are looked at. */
struct swap_request {
    int64_t version, target, copy, offset, length;
    char unused[16], stat[40];
    struct timespec atime, mtime, ctime;
    char rest[48];
};`,
  swap_blocks: c`/* XFS_IOC_SWAPEXT of a file and a synced copy of it, whose holes are those of the file. */
static int swap_blocks(int fd)
{
    struct swap_request request = { .target = fd };
    struct stat now;
    off_t offset;
    int result;

    request.copy = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (request.copy < 0 || fstat(fd, &now) != 0 || ftruncate(request.copy, now.st_size) != 0)
        return -1;
    request.length = now.st_size;
    request.mtime = now.st_mtim;
    request.ctime = now.st_ctim;
    for (offset = 0; (offset = lseek(fd, offset, SEEK_DATA)) >= 0; offset += LINE) {
        long length = pread(fd, buffer, LINE, offset);

        if (length < 0 || pwrite(request.copy, buffer, length, offset) != length)
            return -1;
    }
    result = fsync(request.copy);
    if (result == 0)
        result = ioctl(fd, _IOWR('X', 109, struct swap_request), &request);
    close(request.copy);
    return result;
}`,
};

const AREA_FUNCTIONS: Readonly<Record<string, string>> = {
  area: `struct area {
    volatile unsigned char *at;
    size_t length;
    int fd;
    off_t offset;
};

static struct area area[] = {
${AREA_ROWS.join('\n')}
};`,
  // Linux 6.1 takes no MAP_FIXED_NOREPLACE beside MAP_SHARED_VALIDATE.
  map_area: c`static int map_area(struct area *it, int fd, off_t offset, size_t length, int flags)
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
}`,
  unmap_area: c`static int unmap_area(struct area *it)
{
    int result = munmap((void *)it->at, it->length);

    if (result == 0)
        it->length = 0;
    return result;
}`,
};

/** Constants, data and functions, by the name that they define. */
export const LIBRARY: Readonly<Record<string, string>> = {
  LINE: `#define LINE ${LINE_BYTES}`,
  PAGE: `#define PAGE ${PAGE_BYTES}`,
  PATIENCE: '#define PATIENCE 60 /* seconds */',
  ...OUTPUT_LIBRARY,
  ...SIGNALS,
  ...FILES,
  ...ACCESSES,
  ...AREA_FUNCTIONS,
  ...THREAD_LIBRARY,
};
