/* What the parts of play have in common: the case that is played, and what each part does for the others. */
#ifndef PLAY_H
#define PLAY_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define LINE 2048
#define PAGES 8
#define FILES 2
#define AREAS 2
/* A case has so many operations at most. */
#define SPARES 24

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

struct outcome {
	/* 0 where it came back. */
	int signal;
	/* -1 where it failed, with errno. */
	long result;
	int error;
};

/* play.c */
extern const char *directory;
extern int fds[FILES], clones[FILES], files, areas, pagemap, drop;
extern int spares[SPARES], spare_count;
/* -1 where there is none. */
extern int recorder;
extern struct area mapped[AREAS];
extern char bytes[PAGES * PAGE];
extern sigjmp_buf back;
extern volatile sig_atomic_t guarded, ticks_left;
int read_op(const char *text, struct op *op);

/* operations.c */
extern const char NEVER[];
long map(int area, int file, long offset, long length, const char *sharing);
long unmap(int area);
char *address(int area, long offset);
int clone_of(int file);
struct outcome play(const struct op *op);
const char *name_of(struct outcome outcome);

/* setup.c */
const char *file_name(const char *stem, int file);
void leave_data(void);
void begin_file(long size, const char *states);
void begin_clone(void);
void end_case(void);

/* seen.c */
void obey_seen(const char *text);
/* Of a new case. */
void forget_seen(void);

/* recorded.c */
void say_record(void);
void obey_recorded(const char *text);

#endif
