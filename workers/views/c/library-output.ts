/** Functions in C that print: results of operations, and what the lines of a file hold. As those of `library.ts`. */

const c = String.raw;

const ERRNO_ROWS = [
  'EACCES EAGAIN EBADF EBUSY EEXIST EFAULT EFBIG EINTR',
  'EINVAL EIO EISDIR ENODEV ENOENT ENOMEM ENOSPC ENOSYS',
  'ENOTTY ENXIO EOPNOTSUPP EPERM EROFS ETXTBSY EXDEV',
].map((row) => `    ${row.replace(/\w+/g, 'NAME($&)')}`);

const OUTPUT: Readonly<Record<string, string>> = {
  name_of: c`static const char *name_of(int error)
{
    switch (error) {
#define NAME(e) case e: return #e;
${ERRNO_ROWS.join('\n')}
#undef NAME
    default: return strerror(error);
    }
}`,
  must: c`static void must(int is_done, const char *what)
{
    if (is_done)
        return;
    fprintf(stderr, "%s: %s\n", what, name_of(errno));
    exit(1);
}`,
  say_result: c`/* Without what stdio takes: a lock that a thread held in write(2) would keep from the others, and memory. */
static void say_result(const char *format, ...)
{
    char text[320];
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    must(write(STDOUT_FILENO, text, length) == length, "stdout");
}`,
  returned: c`static void returned(const char *what, long result)
{
    if (result == -1)
        say_result("%s = -1 %s\n", what, name_of(errno));
    else
        say_result("%s = %ld\n", what, result);
}`,
  accessed: c`static void accessed(const char *what, int result)
{
    if (result >= 0)
        say_result("%s = %d\n", what, result);
    else
        say_result("%s = %s\n", what, result == -SIGBUS ? "SIGBUS" : "SIGSEGV");
}`,
  lines_read: c`/* And the value of each line that it has read to the buffer. */
static void lines_read(const char *what, long result)
{
    char text[256];
    int length;

    if (result <= 0) {
        returned(what, result);
        return;
    }
    length = snprintf(text, sizeof(text), "%s = %ld:", what, result);
    for (long offset = 0; offset < result; offset += LINE)
        length += snprintf(text + length, sizeof(text) - length, " %d", buffer[offset]);
    say_result("%s\n", text);
}`,
};

const TABLES: Readonly<Record<string, string>> = {
  show_file: c`static void show_file(const char *when, const char *name, int fd)
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
}`,
  is_mapped: c`/* A load would not fault. */
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
}`,
  show_areas: c`static void show_areas(const char *when, const char *name, int fd, const char *owner, int may_fault)
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
}`,
};

export const OUTPUT_LIBRARY: Readonly<Record<string, string>> = { ...OUTPUT, ...TABLES };
