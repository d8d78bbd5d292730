/* The operations: each as a call, and how it came back. */
#include "play.h"
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <linux/falloc.h>
#include <linux/fs.h>

/* A fault that is repeated for ever is ended by a signal, after so much time of the processor; what sleeps, later. */
/* A processor that the host stands still makes one tick, however long. */
#define TURNING_TICKS 10
#define TICK_USEC 50000
#define SLEEPING_SECONDS 60

const char NEVER[] = "NEVER";

static char *place_of(int area)
{
	return (char *)0x10000000000 + ((long)area << 30);
}

long unmap(int area)
{
	struct area *one = &mapped[area];
	long failed = one->at == NULL ? 0 : munmap(one->at, one->length);

	one->at = NULL;
	return failed;
}

long map(int area, int file, long offset, long length, const char *sharing)
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

char *address(int area, long offset)
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

/*
 * The simulator's files end at PAGES. What would make one larger is refused by the kernel where it refuses to insert at
 * EOF, behind the same locks as where a file would become too large.
 */
static long do_insert(const struct op *op)
{
	struct op refused = *op;
	struct stat is;

	fstat(fds[op->file], &is);
	if (is.st_size + op->length <= PAGES * PAGE)
		return allocate(op, FALLOC_FL_INSERT_RANGE);
	refused.offset = (is.st_size + PAGE - 1) / PAGE * PAGE;
	return allocate(&refused, FALLOC_FL_INSERT_RANGE);
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

int clone_of(int file)
{
	if (clones[file] < 0)
		clones[file] = open(file_name("clone", file), O_RDWR | O_CREAT, 0600);
	return clones[file];
}

/* Each time another file becomes the clone: one that a case already has may be too large for it. */
static int new_clone(void)
{
	return spares[spare_count++] = open(directory, O_RDWR | O_TMPFILE, 0600);
}

static long do_reflink(const struct op *op)
{
	return ioctl(recorder < 0 ? new_clone() : clone_of(op->file), FICLONE, fds[op->file]);
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

static void watch(long tick, int sleeping)
{
	struct itimerval timer = { .it_value.tv_usec = tick, .it_interval.tv_usec = tick };

	ticks_left = TURNING_TICKS;
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

struct outcome play(const struct op *op)
{
	int number = sigsetjmp(back, 1);
	struct outcome outcome = { number, 0, 0 };

	if (number == 0) {
		guarded = 1;
		watch(TICK_USEC, SLEEPING_SECONDS);
		outcome.result = run(op);
		outcome.error = errno;
	}
	watch(0, 0);
	guarded = 0;
	return outcome;
}

const char *name_of(struct outcome outcome)
{
	if (outcome.signal != 0)
		return name_of_signal(outcome.signal);
	return outcome.result >= 0 ? "0" : strerrorname_np(outcome.error);
}
