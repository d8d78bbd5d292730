/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recorder of what one process does to one page of one file: locks by their names, calls into DAX and into the file
 * system, and between them each change of the page's state. control.c says how it is asked, probes.c what it records.
 *
 * Everything that a probe calls runs with preemption off: it neither sleeps nor allocates.
 */
#ifndef FAULTLINE_TRACE_H
#define FAULTLINE_TRACE_H

#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/spinlock.h>

/* The file of the page, and another one that is told apart from it. */
enum { FILE_A, FILE_B, FILES };

struct watch {
	/* NULL where there is none. */
	struct inode *inode[FILES];
	/* Of the page: where it is mapped, or 0, and its index in file A. */
	unsigned long address;
	unsigned long index;
	/* The process, while it is recorded. */
	struct mm_struct *mm;
	pid_t tgid;
};

extern struct watch watch;
/* Held while an event is written; what it protects: the text and what was seen last of the page. */
extern raw_spinlock_t recording;

/* control.c: whether events of the current process are recorded. */
bool is_recording(void);
bool is_recorded(void);

/* text.c: the record, of bounded size; what does not fit is dropped, and the record says so. */
int text_init(void);
void text_exit(void);
void text_clear(void);
ssize_t text_read(char __user *to, size_t count, loff_t *at);
__printf(1, 2) void text_add(const char *format, ...);
/* Begins a line, as far to the right as calls are nested. */
void text_indent(void);
extern int text_depth;

/* fields.c: fields of structures that no header has. */
/* NULL where the kernel does not say where the field is. */
void *ext4_field_data_sem(struct inode *inode);
void *ext4_field_xattr_sem(struct inode *inode);
void *xfs_field_ilock(struct inode *inode);
/* -1 where it is not known. */
long long field_disk_size(struct inode *inode);
unsigned long long field_blocks(struct inode *inode);

/* What ext4_map_blocks is asked for and what it finds. */
struct mapped_blocks {
	unsigned int from;
	unsigned int count;
	unsigned int flags;
};
bool field_mapped_blocks(const void *map, struct mapped_blocks *blocks);

/* locks.c: the name of a semaphore; false for one that is none of the files' and not the process's mmap_lock. */
bool lock_name(const void *lock, char *name, size_t size);

/* page.c */
void page_forget(void);
/* Says the whole state, each line marked with `=`. */
void page_say_all(void);
/* Says what has changed since it was said last, marked with `*`. */
void page_say_changes(void);

/* probes.c */
void probes_register(void);
void probes_unregister(void);

#endif
