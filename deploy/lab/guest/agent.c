/*
 * The last word of the lab's init: it reads jobs from a serial line, runs them, and sends back what they say.
 *
 * A job is `job SECONDS BYTES\n` and a shell script of so many bytes. The answer is any number of `out BYTES\n` with
 * what the script says on stdout and stderr, then `end STATUS\n`: its exit status, 128 + N for signal N, 124 where the
 * time was up. Before the first job it says `ready RELEASE\n`. The end of the line turns the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SCRIPT "/tmp/job.sh"
#define TIME_IS_UP 124

static int line;

static void turn_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void put(const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t done = write(line, bytes, count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			turn_off();
		bytes += done;
		count -= done;
	}
}

static void get(char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t done = read(line, bytes, count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			turn_off();
		bytes += done;
		count -= done;
	}
}

static void get_line(char *text, size_t size)
{
	size_t at = 0;

	do {
		get(text + at, 1);
	} while (text[at] != '\n' && ++at < size - 1);
	text[at] = 0;
}

static void receive_script(size_t bytes)
{
	int file = open(SCRIPT, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char part[4096];

	while (bytes > 0) {
		size_t count = bytes < sizeof(part) ? bytes : sizeof(part);

		get(part, count);
		if (write(file, part, count) != (ssize_t)count)
			turn_off();
		bytes -= count;
	}
	close(file);
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

/* Passes on what the job says, until it closes its output or its time is up. */
static int relay(int output, double until)
{
	char part[4096], head[32];

	for (;;) {
		struct pollfd wait = { .fd = output, .events = POLLIN };
		double left = until - now();
		ssize_t count;

		if (left <= 0)
			return TIME_IS_UP;
		if (poll(&wait, 1, left * 1000 + 1) <= 0)
			continue;
		count = read(output, part, sizeof(part));
		if (count <= 0)
			return 0;
		put(head, snprintf(head, sizeof(head), "out %zd\n", count));
		put(part, count);
	}
}

static int run_job(double seconds)
{
	int ends[2], status = 0, isLate;
	pid_t job;

	if (pipe(ends) < 0)
		turn_off();
	job = fork();
	if (job == 0) {
		setsid();
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		close(line);
		execl("/bin/sh", "sh", SCRIPT, NULL);
		_exit(127);
	}
	close(ends[1]);
	isLate = relay(ends[0], now() + seconds);
	close(ends[0]);
	if (isLate) {
		kill(-job, SIGKILL);
		/* What sleeps in the kernel for good cannot be waited for. */
		usleep(100000);
		waitpid(job, &status, WNOHANG);
		return TIME_IS_UP;
	}
	while (waitpid(job, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct utsname system;
	char text[256];

	line = argc > 1 ? open(argv[1], O_RDWR | O_NOCTTY) : -1;
	if (line < 0)
		turn_off();
	uname(&system);
	put(text, snprintf(text, sizeof(text), "ready %s\n", system.release));
	for (;;) {
		double seconds;
		size_t bytes;
		int status;

		get_line(text, sizeof(text));
		if (sscanf(text, "job %lf %zu", &seconds, &bytes) != 2)
			turn_off();
		receive_script(bytes);
		status = run_job(seconds);
		put(text, snprintf(text, sizeof(text), "end %d\n", status));
	}
}
