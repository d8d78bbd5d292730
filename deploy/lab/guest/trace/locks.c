// SPDX-License-Identifier: GPL-2.0
/* Semaphores by their names. */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "trace.h"

static const char *name_in(struct inode *inode, const void *lock)
{
	if (lock == &inode->i_rwsem)
		return "i_rwsem";
	if (lock == &inode->i_mapping->invalidate_lock)
		return "invalidate_lock";
	if (lock == &inode->i_mapping->i_mmap_rwsem)
		return "i_mmap_rwsem";
	if (lock == ext4_field_data_sem(inode))
		return "i_data_sem";
	if (lock == ext4_field_xattr_sem(inode))
		return "xattr_sem";
	if (lock == xfs_field_ilock(inode))
		return "ILOCK";
	return NULL;
}

bool lock_name(const void *lock, char *name, size_t size)
{
	int file;

	if (current->mm && lock == &current->mm->mmap_lock) {
		strscpy(name, "mmap_lock", size);
		return true;
	}
	for (file = 0; file < FILES; file++) {
		struct inode *inode = watch.inode[file];
		const char *found = inode ? name_in(inode, lock) : NULL;

		if (!found)
			continue;
		snprintf(name, size, "%s%s", found, file == FILE_B ? " of B" : "");
		return true;
	}
	return false;
}
