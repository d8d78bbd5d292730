/*
 * The guest's half of `faultline lab conform` and `faultline lab trace`: plays operations one after another on a file
 * system. Without RECORDER it says, after each, what a reader sees; with it, what the kernel does in one of them.
 *
 * usage: play DIRECTORY [RECORDER] < CASES > SEEN
 *
 * A case: `case N`, for each file `file SIZE STATES` (a letter a page: hole, cached, unwritten, written), for each area
 * `area FILE OFFSET LENGTH SHARING` or `area - 0 0 -`, for each operation
 * `op KIND AREA FILE OFFSET LENGTH SIZE SHARING BUFFER_AREA BUFFER_OFFSET SYNC VALUE` (-1 or `-` where it has none),
 * and `end`. Offsets, lengths and sizes are bytes; VALUE is the byte that the operation writes.
 *
 * What is seen, a line for the setup and for each operation:
 *   its result: `0` or the name of an error or signal; `NEVER` where it does not end, which ends the case;
 *   for each file `SIZE:LINES` as read(2) has it: two hexadecimal digits a line of 2048 bytes, `--` past EOF;
 *   for each area its lines as the page tables have them, `--` where no pte maps, `-` for no area;
 *   `!` where a shared mapping shows what read(2) does not.
 * A page that no pte maps is not touched, so that looking changes nothing.
 *
 * RECORDER is /proc/faultline_trace (trace/control.c). Then nothing is looked at and the setup is not synced, and a case
 * has `record AREA PAGE` (of the area, of file 0) before the operation to record, and may have `clone`, which has file
 * 0's clone stand by, mapped, from then on, and `direct`, which has file 0 read and written with O_DIRECT. What is said
 * is the record of that operation, and `result N`, `errno N` or `signal N`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <linux/falloc.h>
#include <linux/fs.h>

#define PAGE 4096
#define LINE 2048
#define PAGES 8
#define FILES 2
#define AREAS 2
/* What file f holds at the start; a host's test compares it with the simulator's INITIAL. */
#define INITIAL 25
/* A fault that is repeated for ever is ended by a signal, after so much time of the processor; what sleeps, later. */
#define TURNING_SECONDS 2
#define SLEEPING_SECONDS 60

struct area {
	char *at;
	int file;
	long offset;
	long length;
	int is_private;
};

struct op {
	char kind[24], sharing[12];
	int area, file, buffer_area, sync, value;
	long offset, length, size, buffer_offset;
};

static const char *directory;
static int fds[FILES], clones[FILES], files, areas, pagemap, drop;
/* Of the recorder; -1 where there is none. */
static int recorder = -1;
/* For the next operation: the page to record. */
static int recorded_area, is_next_recorded;
static long recorded_page;
static struct area mapped[AREAS];
static char bytes[PAGES * PAGE];
static const char NEVER[] = "NEVER";
/* The mapping of a clone. */
static char *standing_by;
static long standing_by_length;
static sigjmp_buf back;
static volatile sig_atomic_t guarded;

static void on_signal(int number)
{
	if (guarded)
		siglongjmp(back, number);
	_exit(99);
}

static char *place_of(int area)
{
	return (char *)0x10000000000 + ((long)area << 30);
}

static const char *file_name(const char *stem, int file)
{
	static char name[256];

	snprintf(name, sizeof(name), "%s/%s%d", directory, stem, file);
	return name;
}

/* Areas */

static long unmap(int area)
{
	struct area *one = &mapped[area];
	long failed = one->at == NULL ? 0 : munmap(one->at, one->length);

	one->at = NULL;
	return failed;
}

static long map(int area, int file, long offset, long length, const char *sharing)
{
	int flags = strcmp(sharing, "private") == 0 ? MAP_PRIVATE : MAP_SHARED;
	char *at;

	if (strcmp(sharing, "sync") == 0)
		flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	if (mapped[area].at != NULL) {
		errno = EINVAL;
		return -1;
	}
	at = mmap(place_of(area), length, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fds[file], offset);
	if (at == MAP_FAILED)
		return -1;
	mapped[area] = (struct area){ at, file, offset, length, flags == MAP_PRIVATE };
	return 0;
}

static char *address(int area, long offset)
{
	return area < 0 || mapped[area].at == NULL ? place_of(AREAS) : mapped[area].at + offset;
}

static struct area *mapped_area(const struct op *op)
{
	if (mapped[op->area].at != NULL)
		return &mapped[op->area];
	errno = EINVAL;
	return NULL;
}

static int is_present(const char *at)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, 8, (uintptr_t)at / PAGE * 8) != 8)
		return 0;
	return entry >> 63;
}

/* Operations */

static long allocate(const struct op *op, int mode)
{
	return fallocate(fds[op->file], mode, op->offset, op->length);
}

static long do_load(const struct op *op)
{
	*(volatile char *)bytes = *(volatile char *)address(op->area, op->offset);
	return 0;
}

static long do_store(const struct op *op)
{
	memset(address(op->area, op->offset), op->value, LINE);
	return 0;
}

static long do_mmap(const struct op *op)
{
	return map(op->area, op->file, op->offset, op->length, op->sharing);
}

static long do_munmap(const struct op *op)
{
	return mapped_area(op) == NULL ? -1 : unmap(op->area);
}

static long do_msync(const struct op *op)
{
	struct area *area = mapped_area(op);

	return area == NULL ? -1 : msync(area->at, area->length, MS_SYNC);
}

static long do_pread(const struct op *op)
{
	char *to = op->buffer_area < 0 ? bytes : address(op->buffer_area, op->buffer_offset);

	return pread(fds[op->file], to, op->length, op->offset);
}

static long do_pwrite(const struct op *op)
{
	char *from = op->buffer_area < 0 ? bytes : address(op->buffer_area, op->buffer_offset);
	struct iovec part = { from, op->length };

	memset(bytes, op->value, sizeof(bytes));
	return pwritev2(fds[op->file], &part, 1, op->offset, op->sync > 0 ? RWF_DSYNC : 0);
}

static long do_truncate(const struct op *op)
{
	return ftruncate(fds[op->file], op->size);
}

static long do_punch(const struct op *op)
{
	return allocate(op, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

static long do_collapse(const struct op *op)
{
	return allocate(op, FALLOC_FL_COLLAPSE_RANGE);
}

/* The simulator's files end at PAGES. */
static long do_insert(const struct op *op)
{
	struct stat is;

	fstat(fds[op->file], &is);
	if (is.st_size + op->length > PAGES * PAGE) {
		errno = EINVAL;
		return -1;
	}
	return allocate(op, FALLOC_FL_INSERT_RANGE);
}

static long do_zero(const struct op *op)
{
	return allocate(op, FALLOC_FL_ZERO_RANGE);
}

static long do_fallocate(const struct op *op)
{
	return allocate(op, 0);
}

static long do_unshare(const struct op *op)
{
	return allocate(op, FALLOC_FL_UNSHARE_RANGE);
}

static long do_fsync(const struct op *op)
{
	return fsync(fds[op->file]);
}

static long do_commit(const struct op *op)
{
	(void)op;
	return syncfs(fds[0]);
}

static int clone_of(int file)
{
	if (clones[file] < 0)
		clones[file] = open(file_name("clone", file), O_RDWR | O_CREAT, 0600);
	return clones[file];
}

static long do_reflink(const struct op *op)
{
	return ioctl(clone_of(op->file), FICLONE, fds[op->file]);
}

static long do_madvise_remove(const struct op *op)
{
	struct area *area = mapped_area(op);

	return area == NULL ? -1 : madvise(area->at, area->length, MADV_REMOVE);
}

static long do_drop_caches(const struct op *op)
{
	(void)op;
	return write(drop, "3", 1);
}

static const struct {
	const char *kind;
	long (*run)(const struct op *op);
} table[] = {
	{ "load", do_load },
	{ "store", do_store },
	{ "mmap", do_mmap },
	{ "munmap", do_munmap },
	{ "msync", do_msync },
	{ "pread", do_pread },
	{ "pwrite", do_pwrite },
	{ "truncate", do_truncate },
	{ "punch", do_punch },
	{ "collapse", do_collapse },
	{ "insert", do_insert },
	{ "zero", do_zero },
	{ "fallocate", do_fallocate },
	{ "unshare", do_unshare },
	{ "fsync", do_fsync },
	{ "commit", do_commit },
	{ "reflink", do_reflink },
	{ "madvise_remove", do_madvise_remove },
	{ "drop_caches", do_drop_caches },
};

static void watch(int turning, int sleeping)
{
	struct itimerval timer = { .it_value.tv_sec = turning };

	setitimer(ITIMER_PROF, &timer, NULL);
	alarm(sleeping);
}

static long run(const struct op *op)
{
	for (unsigned int row = 0; row < sizeof(table) / sizeof(*table); row++)
		if (strcmp(table[row].kind, op->kind) == 0)
			return table[row].run(op);
	fprintf(stderr, "play: no operation %s\n", op->kind);
	exit(2);
}

static const char *name_of_signal(int number)
{
	return number == SIGALRM || number == SIGPROF ? NEVER : number == SIGBUS ? "SIGBUS" : "SIGSEGV";
}

struct outcome {
	/* 0 where it came back. */
	int signal;
	/* -1 where it failed, with errno. */
	long result;
	int error;
};

static struct outcome play(const struct op *op)
{
	int number = sigsetjmp(back, 1);
	struct outcome outcome = { number, 0, 0 };

	if (number == 0) {
		guarded = 1;
		watch(TURNING_SECONDS, SLEEPING_SECONDS);
		outcome.result = run(op);
		outcome.error = errno;
	}
	watch(0, 0);
	guarded = 0;
	return outcome;
}

static const char *name_of(struct outcome outcome)
{
	if (outcome.signal != 0)
		return name_of_signal(outcome.signal);
	return outcome.result >= 0 ? "0" : strerrorname_np(outcome.error);
}

/* The recorder */

/* In the record, where it is not overlooked. */
static void complain(const char *what)
{
	printf("! %s: %s\n", what, strerror(errno));
}

static void ask(const char *command)
{
	if (write(recorder, command, strlen(command)) < 0)
		complain(command);
}

static void say_record(void)
{
	static char part[PAGES * PAGE];
	ssize_t count;

	lseek(recorder, 0, SEEK_SET);
	while ((count = read(recorder, part, sizeof(part))) > 0)
		fwrite(part, 1, count, stdout);
	ask("clear");
}

/* Time stamps are of this clock: those of the operation are to be others than those of the setup. */
static void wait_for_tick(void)
{
	struct timespec before, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &before);
	do {
		usleep(1000);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec);
}

static void record(const struct op *op)
{
	struct outcome outcome;
	char command[128];

	snprintf(command, sizeof(command), "watch %d %d %lx %ld", fds[0], files > 1 ? fds[1] : clones[0],
		 (unsigned long)address(recorded_area, recorded_page * PAGE), recorded_page);
	memset(bytes, op->value, sizeof(bytes));
	wait_for_tick();
	ask(command);
	ask("start");
	outcome = play(op);
	ask("stop");
	say_record();
	if (outcome.signal != 0)
		printf("signal %d\n", outcome.signal);
	else if (outcome.result < 0)
		printf("errno %d\n", outcome.error);
	else
		printf("result %ld\n", outcome.result);
}

/* Setup */

static void begin_file(long size, const char *states)
{
	int fd = open(file_name("file", files), O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *cached;

	fds[files] = fd;
	clones[files] = -1;
	if (fd < 0 || ftruncate(fd, size) < 0)
		perror("setup");
	memset(bytes, INITIAL + files, sizeof(bytes));
	/* Pages of one state in one call: a file system tells those apart that came in several. */
	for (long page = 0, count; states[page] != 0 && states[page] != '-'; page += count) {
		long at = page * PAGE, left = size - at;

		for (count = 1; states[page + count] == states[page]; count++)
			;
		if (states[page] == 'w' && pwrite(fd, bytes, left < count * PAGE ? left : count * PAGE, at) < 0)
			perror("setup: pwrite");
		if (states[page] == 'u' && fallocate(fd, FALLOC_FL_KEEP_SIZE, at, count * PAGE) < 0)
			perror("setup: fallocate");
	}
	if (recorder < 0)
		fsync(fd);
	cached = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	for (long page = 0; states[page] != 0; page++)
		if (states[page] == 'c')
			*(volatile char *)bytes = *(volatile char *)(cached + page * PAGE);
	munmap(cached, PAGES * PAGE);
	files++;
}

/* The clone of file 0, of its size and mapped, so that a change of it has something to unmap. */
static void begin_clone(void)
{
	struct stat is;

	fstat(fds[0], &is);
	if (ftruncate(clone_of(0), is.st_size) < 0)
		perror("setup: clone");
	standing_by = mmap(NULL, is.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, clones[0], 0);
	standing_by_length = is.st_size;
}

/* Behind an operation that never ends nothing is played. */
static int is_stuck;

static void end_case(void)
{
	is_stuck = 0;
	munmap(standing_by, standing_by_length);
	standing_by_length = 0;
	for (int area = 0; area < AREAS; area++)
		unmap(area);
	for (int file = 0; file < files; file++) {
		close(fds[file]);
		if (clones[file] >= 0)
			close(clones[file]);
		unlink(file_name("file", file));
		unlink(file_name("clone", file));
	}
	files = areas = 0;
}

/* What is seen */

static char contents[FILES][PAGES * PAGE];
static long counts[FILES];
/* Some page of a shared mapping shows what read(2) does not. */
static int is_split;

static void see_file(int file)
{
	struct stat is;

	fstat(fds[file], &is);
	counts[file] = pread(fds[file], contents[file], PAGES * PAGE, 0);
	printf(" %ld:", (long)is.st_size);
	for (long at = 0; at < PAGES * PAGE; at += LINE)
		if (at < counts[file])
			printf("%02x", (unsigned char)contents[file][at]);
		else
			printf("--");
}

static void see_line(const struct area *area, long at)
{
	const char *place = area->at + at;
	long of_file = area->offset + at;
	char shown;

	if (!is_present(place) || sigsetjmp(back, 1) != 0) {
		guarded = 0;
		printf("--");
		return;
	}
	guarded = 1;
	shown = *(const volatile char *)place;
	guarded = 0;
	printf("%02x", (unsigned char)shown);
	if (!area->is_private && of_file < counts[area->file] && contents[area->file][of_file] != shown)
		is_split = 1;
}

static void see(const char *result)
{
	printf("%s", result);
	is_stuck = result == NEVER;
	if (is_stuck) {
		printf("\n");
		return;
	}
	is_split = 0;
	for (int file = 0; file < files; file++)
		see_file(file);
	for (int area = 0; area < AREAS; area++) {
		printf(mapped[area].at == NULL ? " -" : " ");
		for (long at = 0; mapped[area].at != NULL && at < mapped[area].length; at += LINE)
			see_line(&mapped[area], at);
	}
	printf(is_split ? " !\n" : "\n");
}

/* A line that is the same with and without recorder; 0 for another one. */
static int obey_setup(const char *text)
{
	char word[16], states[32];
	long offset, length;
	int file;

	if (sscanf(text, "file %ld %31s", &length, states) == 2) {
		begin_file(length, states);
	} else if (sscanf(text, "area %d %ld %ld %15s", &file, &offset, &length, word) == 4) {
		if (map(areas++, file, offset, length, word) < 0)
			perror("setup: mmap");
	} else if (strncmp(text, "area", 4) == 0) {
		areas++;
	} else if (strncmp(text, "case", 4) == 0) {
		printf("%s", text);
	} else if (strncmp(text, "end", 3) == 0) {
		end_case();
	} else {
		return 0;
	}
	return 1;
}

static int read_op(const char *text, struct op *op)
{
	return sscanf(text, "op %23s %d %d %ld %ld %ld %11s %d %ld %d %d", op->kind, &op->area, &op->file, &op->offset,
		      &op->length, &op->size, op->sharing, &op->buffer_area, &op->buffer_offset, &op->sync,
		      &op->value) == 11;
}

static void obey_seen(const char *text)
{
	struct op op;

	if (read_op(text, &op)) {
		if (!is_stuck)
			see(name_of(play(&op)));
	} else if (strncmp(text, "begin", 5) == 0) {
		see("0");
	}
}

static void prepare(const struct op *op)
{
	struct outcome outcome = play(op);

	if (outcome.signal != 0 || outcome.result < 0) {
		errno = outcome.signal != 0 ? EFAULT : outcome.error;
		complain(op->kind);
	}
}

static void obey_recorded(const char *text)
{
	struct op op;

	if (read_op(text, &op)) {
		if (is_next_recorded)
			record(&op);
		else
			prepare(&op);
		is_next_recorded = 0;
	} else if (sscanf(text, "record %d %ld", &recorded_area, &recorded_page) == 2) {
		is_next_recorded = 1;
	} else if (strncmp(text, "clone", 5) == 0) {
		begin_clone();
	} else if (strncmp(text, "direct", 6) == 0) {
		if (fcntl(fds[0], F_SETFL, O_DIRECT) < 0)
			complain("O_DIRECT");
	}
}

int main(int argc, char **argv)
{
	char text[512];

	directory = argc > 1 ? argv[1] : "/mnt";
	if (argc > 2) {
		recorder = open(argv[2], O_RDWR);
		if (recorder < 0) {
			perror(argv[2]);
			return 2;
		}
		/* What was said when it was loaded. */
		say_record();
		/*
		 * As libraries are in a usual program: where the stack is next, munmap(2) keeps mmap_lock for writing
		 * to the end.
		 */
		mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
	signal(SIGBUS, on_signal);
	signal(SIGSEGV, on_signal);
	signal(SIGALRM, on_signal);
	signal(SIGPROF, on_signal);
	while (fgets(text, sizeof(text), stdin) != NULL) {
		if (obey_setup(text))
			continue;
		if (recorder < 0)
			obey_seen(text);
		else
			obey_recorded(text);
	}
	return 0;
}
