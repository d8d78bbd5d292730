/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Holds threads named A to D at functions of the kernel until it is their turn: steps.c. Says which lock a thread sleeps
 * on: locks.c. Takes locks and calls away from a thread: without.c. gate.c is asked by the program whose threads they are.
 *
 * What a probe calls runs with preemption off: it neither sleeps nor allocates.
 */
#ifndef FAULTLINE_GATE_H
#define FAULTLINE_GATE_H

#include <linux/fs.h>
#include <linux/kernel.h>

#define THREADS 4
#define WORD_BYTES 64

/* gate.c */
/* The file that is asked about; NULL until the program has told it, and nothing is held or taken away before. */
struct inode *gate_inode(void);
/* Of the current task, from 0; -1 for any other. */
int gate_thread(void);
char gate_letter(int thread);
__printf(1, 2) void gate_say(const char *format, ...);
/* `A:rest`: the thread, and where the rest begins; -1 for anything else. */
int gate_parse_thread(const char *word, const char **rest);

/* steps.c */
int steps_register(const char *text);
void steps_say(void);
void steps_unregister(void);

/* locks.c */
int locks_register(void);
void locks_unregister(void);
/* Of one of the file, or of the process of the current task; NULL for any other. */
const char *lock_name(const void *lock);
/* The lock that a thread sleeps on, and how often it has asked for one; NULL where it sleeps on none. */
const char *lock_awaited(int thread, unsigned int *count);

/* without.c */
int without_register(const char *text);
void without_say(void);
void without_unregister(void);

#endif
