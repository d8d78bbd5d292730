/* What the kernel does in one operation, as the recorder has it. */
#include "play.h"
#include <time.h>

/* For the next operation: the page to record. */
static int recorded_area, is_next_recorded;
static long recorded_page;

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

void say_record(void)
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

static void prepare(const struct op *op)
{
	struct outcome outcome = play(op);

	if (outcome.signal != 0 || outcome.result < 0) {
		errno = outcome.signal != 0 ? EFAULT : outcome.error;
		complain(op->kind);
	}
}

void obey_recorded(const char *text)
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
