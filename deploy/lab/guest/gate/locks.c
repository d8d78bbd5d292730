// SPDX-License-Identifier: GPL-2.0
/* Which lock a thread sleeps on: kept from the entry of what takes it to its return. */
#include <linux/kprobes.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "gate.h"

/* Not in linux/magic.h of 6.1: XFSB. */
#define XFS_MAGIC 0x58465342
#define UNKNOWN (-1)
/* Offsets in bytes, which guest/offsets.c finds; without them a lock that only the file system has is not named. */
#define FIELD(name)            \
	static int name = UNKNOWN; \
	module_param(name, int, 0444)

FIELD(ext4_inode_info__vfs_inode);
FIELD(ext4_inode_info__i_data_sem);
FIELD(xfs_inode__i_vnode);
FIELD(xfs_inode__i_lock);

static struct {
	const char *name;
	unsigned int count;
	struct task_struct *task;
} asked[THREADS];

static bool is_field(const struct inode *inode, const void *lock, unsigned long magic, int embedded, int offset)
{
	if (inode->i_sb->s_magic != magic || embedded == UNKNOWN || offset == UNKNOWN)
		return false;
	return lock == (const char *)inode - embedded + offset;
}

static const char *inner_lock(const struct inode *inode, const void *lock)
{
	if (is_field(inode, lock, EXT4_SUPER_MAGIC, ext4_inode_info__vfs_inode, ext4_inode_info__i_data_sem))
		return "i_data_sem";
	if (is_field(inode, lock, XFS_MAGIC, xfs_inode__i_vnode, xfs_inode__i_lock))
		return "ILOCK";
	return NULL;
}

const char *lock_name(const void *lock)
{
	const struct inode *inode = gate_inode();

	if (current->mm && lock == &current->mm->mmap_lock)
		return "mmap_lock";
	if (lock == &inode->i_rwsem)
		return "i_rwsem";
	if (lock == &inode->i_mapping->invalidate_lock)
		return "invalidate_lock";
	if (lock == &inode->i_mapping->i_mmap_rwsem)
		return "i_mmap_rwsem";
	return inner_lock(inode, lock);
}

/* It may change under the reader, who looks again. */
const char *lock_awaited(int thread, unsigned int *count)
{
	const char *name = READ_ONCE(asked[thread].name);
	struct task_struct *task = READ_ONCE(asked[thread].task);

	*count = READ_ONCE(asked[thread].count);
	return name && task && !task_is_running(task) ? name : NULL;
}

/* Functions that sleep until a lock is had, and its name where there is only one. */
static struct taker {
	const char *lock;
	struct kretprobe probe;
	bool is_registered;
} takers[] = {
	{ NULL, { .kp.symbol_name = "down_read" } },
	{ NULL, { .kp.symbol_name = "down_read_interruptible" } },
	{ NULL, { .kp.symbol_name = "down_read_killable" } },
	{ NULL, { .kp.symbol_name = "down_write" } },
	{ NULL, { .kp.symbol_name = "down_write_killable" } },
	{ "entry_lock", { .kp.symbol_name = "get_unlocked_entry" } },
	{ "entry_lock", { .kp.symbol_name = "grab_mapping_entry" } },
	{ "entry_lock", { .kp.symbol_name = "wait_entry_unlocked" } },
	{ "jbd2_transaction", { .kp.symbol_name = "jbd2_log_wait_commit" } },
	{ "jbd2_handle", { .kp.symbol_name = "wait_transaction_locked" } },
};

static int take_entered(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct taker *taker = container_of(get_kretprobe(instance), struct taker, probe);
	int thread = gate_thread();
	const char *name;

	if (thread < 0)
		return 1;
	name = taker->lock ?: lock_name((const void *)regs_get_kernel_argument(regs, 0));
	if (!name)
		return 1;
	WRITE_ONCE(asked[thread].task, current);
	WRITE_ONCE(asked[thread].count, asked[thread].count + 1);
	WRITE_ONCE(asked[thread].name, name);
	return 0;
}

static int take_returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	int thread = gate_thread();

	if (thread >= 0) {
		WRITE_ONCE(asked[thread].name, NULL);
		WRITE_ONCE(asked[thread].count, asked[thread].count + 1);
	}
	return 0;
}

/* A function that this kernel does not have takes nothing. */
int locks_register(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(takers); i++) {
		struct taker *taker = &takers[i];

		taker->probe.entry_handler = take_entered;
		taker->probe.handler = take_returned;
		taker->probe.maxactive = 32;
		taker->is_registered = register_kretprobe(&taker->probe) == 0;
	}
	return takers[0].is_registered ? 0 : -ENOENT;
}

void locks_unregister(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(takers); i++)
		if (takers[i].is_registered)
			unregister_kretprobe(&takers[i].probe);
}
