/* The files of a case, from its first line to its last. */
#include "play.h"
#include <linux/falloc.h>

/* What file f holds at the start; a host's test compares it with the simulator's INITIAL. */
#define INITIAL 25
/* No operation writes it. */
#define LEFT 0xee
#define LEFT_BYTES (16L << 20)

/* The mapping of a clone. */
static char *standing_by;
static long standing_by_length;

const char *file_name(const char *stem, int file)
{
	static char name[256];

	snprintf(name, sizeof(name), "%s/%s%d", directory, stem, file);
	return name;
}

/* What a deleted file leaves in the blocks that come next: where a block is not zeroed, it shows. */
void leave_data(void)
{
	int fd = open(file_name("deleted", 0), O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset(bytes, LEFT, sizeof(bytes));
	for (long at = 0; at < LEFT_BYTES; at += sizeof(bytes))
		if (pwrite(fd, bytes, sizeof(bytes), at) < 0)
			perror("setup: deleted file");
	fsync(fd);
	close(fd);
	unlink(file_name("deleted", 0));
	sync();
}

void begin_file(long size, const char *states)
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
void begin_clone(void)
{
	struct stat is;

	fstat(fds[0], &is);
	if (ftruncate(clone_of(0), is.st_size) < 0)
		perror("setup: clone");
	standing_by = mmap(NULL, is.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, clones[0], 0);
	standing_by_length = is.st_size;
}

void end_case(void)
{
	forget_seen();
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
	while (spare_count > 0)
		close(spares[--spare_count]);
	files = areas = 0;
}
