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
#include "play.h"

const char *directory;
int fds[FILES], clones[FILES], files, areas, pagemap, drop;
int spares[SPARES], spare_count;
int recorder = -1;
struct area mapped[AREAS];
char bytes[PAGES * PAGE];
sigjmp_buf back;
volatile sig_atomic_t guarded, ticks_left;

static void on_signal(int number)
{
	if (number == SIGPROF && --ticks_left > 0)
		return;
	if (guarded)
		siglongjmp(back, number);
	_exit(99);
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

int read_op(const char *text, struct op *op)
{
	return sscanf(text, "op %23s %d %d %ld %ld %ld %11s %d %ld %d %d", op->kind, &op->area, &op->file, &op->offset,
		      &op->length, &op->size, op->sharing, &op->buffer_area, &op->buffer_offset, &op->sync,
		      &op->value) == 11;
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
	if (recorder < 0)
		leave_data();
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
