/* What a reader sees after each operation. */
#include "play.h"

/* Behind an operation that never ends nothing is played. */
static int is_stuck;

static char contents[FILES][PAGES * PAGE];
static long counts[FILES];
/* Some page of a shared mapping shows what read(2) does not. */
static int is_split;

static int is_present(const char *at)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, 8, (uintptr_t)at / PAGE * 8) != 8)
		return 0;
	return entry >> 63;
}

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

void forget_seen(void)
{
	is_stuck = 0;
}

void obey_seen(const char *text)
{
	struct op op;

	if (read_op(text, &op)) {
		if (!is_stuck)
			see(name_of(play(&op)));
	} else if (strncmp(text, "begin", 5) == 0) {
		see("0");
	}
}
