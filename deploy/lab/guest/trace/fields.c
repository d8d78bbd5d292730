// SPDX-License-Identifier: GPL-2.0
/*
 * Fields of structures that only the file systems' sources have. Where they are is given as parameters: STRUCT__FIELD
 * is the offset in bytes. guest/offsets.c finds each parameter's value in the type information of the running kernel.
 */
#include <linux/magic.h>
#include <linux/module.h>

#include "trace.h"

#define UNKNOWN (-1)
#define FIELD(name)            \
	static int name = UNKNOWN; \
	module_param(name, int, 0444)

FIELD(ext4_inode_info__vfs_inode);
FIELD(ext4_inode_info__i_data_sem);
FIELD(ext4_inode_info__xattr_sem);
FIELD(ext4_inode_info__i_disksize);
FIELD(ext4_map_blocks__m_lblk);
FIELD(ext4_map_blocks__m_len);
FIELD(ext4_map_blocks__m_flags);
FIELD(xfs_inode__i_vnode);
/* A semaphore, or in older kernels a structure that begins with one. */
FIELD(xfs_inode__i_lock);
FIELD(xfs_inode__i_disk_size);
FIELD(xfs_inode__i_nblocks);

/* Not in linux/magic.h of 6.1: XFSB. */
#define XFS_MAGIC 0x58465342
#define BYTES_PER_SECTOR_SHIFT 9

/* The field of the structure that the inode is embedded in. */
static void *field(struct inode *inode, unsigned long magic, int embedded, int offset)
{
	if (inode->i_sb->s_magic != magic || embedded == UNKNOWN || offset == UNKNOWN)
		return NULL;
	return (char *)inode - embedded + offset;
}

static void *ext4_field(struct inode *inode, int offset)
{
	return field(inode, EXT4_SUPER_MAGIC, ext4_inode_info__vfs_inode, offset);
}

static void *xfs_field(struct inode *inode, int offset)
{
	return field(inode, XFS_MAGIC, xfs_inode__i_vnode, offset);
}

void *ext4_field_data_sem(struct inode *inode)
{
	return ext4_field(inode, ext4_inode_info__i_data_sem);
}

void *ext4_field_xattr_sem(struct inode *inode)
{
	return ext4_field(inode, ext4_inode_info__xattr_sem);
}

void *xfs_field_ilock(struct inode *inode)
{
	return xfs_field(inode, xfs_inode__i_lock);
}

long long field_disk_size(struct inode *inode)
{
	const loff_t *size = ext4_field(inode, ext4_inode_info__i_disksize);

	if (!size)
		size = xfs_field(inode, xfs_inode__i_disk_size);
	return size ? READ_ONCE(*size) : -1;
}

unsigned long long field_blocks(struct inode *inode)
{
	/* XFS brings i_blocks up to date only when it is asked for it. */
	const u64 *blocks = xfs_field(inode, xfs_inode__i_nblocks);

	if (blocks)
		return READ_ONCE(*blocks);
	return inode->i_blocks >> (inode->i_blkbits - BYTES_PER_SECTOR_SHIFT);
}

static unsigned int value_at(const void *structure, int offset)
{
	return *(const unsigned int *)((const char *)structure + offset);
}

bool field_mapped_blocks(const void *map, struct mapped_blocks *blocks)
{
	if (ext4_map_blocks__m_lblk == UNKNOWN || ext4_map_blocks__m_len == UNKNOWN ||
	    ext4_map_blocks__m_flags == UNKNOWN)
		return false;
	blocks->from = value_at(map, ext4_map_blocks__m_lblk);
	blocks->count = value_at(map, ext4_map_blocks__m_len);
	blocks->flags = value_at(map, ext4_map_blocks__m_flags);
	return true;
}
