// SPDX-License-Identifier: GPL-2.0
/*
 * What is recorded, and how each event is said. A plain event is a line; a call with extent is `NAME ARGUMENTS {`, what
 * happens in it, and `} = RESULT`.
 *
 * A function that this kernel lacks, or that it has inlined, is said once, as `? NAME`, when the module is loaded.
 */
#include <linux/buffer_head.h>
#include <linux/huge_mm.h>
#include <linux/jbd2.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/xarray.h>

#include "trace.h"

/* Calls of one process that are open at a time, and some for others that pass by. */
#define OPEN_CALLS 32
#define NAME_BYTES 48

/* What ext4_map_blocks is asked for: fs/ext4/ext4.h. */
#define EXT4_CREATE 0x0001
#define EXT4_UNWRITTEN 0x0002
#define EXT4_PRE_IO 0x0008
#define EXT4_CONVERT 0x0010
#define EXT4_ZERO 0x0200
/* Of an entry that is inserted: fs/dax.c. */
#define ENTRY_PMD BIT(1)
#define ENTRY_ZERO BIT(2)

struct probe {
	const char *name;
	/* Says the arguments, if they tell anything. */
	void (*say)(struct pt_regs *regs);
	/* Has an extent. */
	bool has_extent;
	/* Says the result; map is the third argument. */
	void (*say_result)(long result, const void *map);
	/* Instead of all that. */
	void (*record)(const struct probe *probe, struct pt_regs *regs);
	struct kprobe at;
	struct kretprobe around;
	bool is_registered;
};

/* Argument number n of the probed function, from 0. */
static unsigned long argument(struct pt_regs *regs, unsigned int n)
{
	return regs_get_kernel_argument(regs, n);
}

static const char *if_set(unsigned long value, unsigned long flag, const char *word)
{
	return value & flag ? word : "";
}

/* Arguments and results */

static void say_second(struct pt_regs *regs)
{
	text_add(" %ld", argument(regs, 1));
}

static void say_range(struct pt_regs *regs)
{
	text_add(" %ld..%ld", argument(regs, 1), argument(regs, 2));
}

static void say_unmapped_pages(struct pt_regs *regs)
{
	text_add(" [%lu +%lu) even_cows=%d", argument(regs, 1), argument(regs, 2), (int)(argument(regs, 3) & 1));
}

static void say_unmapped_range(struct pt_regs *regs)
{
	text_add(" from=%ld len=%ld even_cows=%d", argument(regs, 1), argument(regs, 2), (int)argument(regs, 3));
}

static void say_index(struct pt_regs *regs)
{
	text_add(" [%lu]", ((struct xa_state *)argument(regs, 0))->xa_index);
}

static void say_grabbed(struct pt_regs *regs)
{
	say_index(regs);
	text_add("%s", argument(regs, 2) ? " PMD" : "");
}

static void say_inserted(struct pt_regs *regs)
{
	unsigned long flags = argument(regs, 5);

	text_add(" %s%s", flags & ENTRY_ZERO ? "ZERO" : "REAL", if_set(flags, ENTRY_PMD, " PMD"));
}

/* Named sizes became orders in 6.6: 0 is a small page in both. */
static void say_fault(struct pt_regs *regs)
{
	const struct vm_fault *fault = (const struct vm_fault *)argument(regs, 0);
	unsigned int size = argument(regs, 1);
	const char *word = size == 0 ? "PTE" : size == 1 || size == HPAGE_PMD_ORDER ? "PMD" : "PUD";

	text_add(" %s [%lu] %s", word, fault->pgoff, fault->flags & FAULT_FLAG_WRITE ? "write" : "read");
}

static void say_fault_result(long result, const void *map)
{
	text_add(" = %s%s%s%s%s", if_set(result, VM_FAULT_FALLBACK, "FALLBACK"),
		 if_set(result, VM_FAULT_NOPAGE, "NOPAGE"), if_set(result, VM_FAULT_NEEDDSYNC, "NEEDDSYNC"),
		 if_set(result, VM_FAULT_DONE_COW, "DONE_COW"), if_set(result, VM_FAULT_SIGBUS, "SIGBUS"));
}

static void say_map(struct pt_regs *regs)
{
	unsigned long flags = argument(regs, 3);
	struct mapped_blocks asked;

	if (field_mapped_blocks((const void *)argument(regs, 2), &asked))
		text_add(" [%u +%u]", asked.from, asked.count);
	text_add("%s%s%s%s%s", flags & EXT4_CREATE ? " CREATE" : " lookup", if_set(flags, EXT4_UNWRITTEN, " UNWRIT"),
		 if_set(flags, EXT4_ZERO, " ZERO"), if_set(flags, EXT4_CONVERT, " CONVERT"),
		 if_set(flags, EXT4_PRE_IO, " PRE_IO"));
}

/* Flags of an extent are those of a buffer. */
static void say_map_result(long result, const void *map)
{
	struct mapped_blocks found = {};
	int blocks = result;

	field_mapped_blocks(map, &found);
	text_add(" = %d", blocks);
	if (found.flags & BIT(BH_Unwritten))
		text_add("%s%s UNWRITTEN", if_set(found.flags, BIT(BH_New), " NEW"),
			 blocks > 0 ? if_set(found.flags, BIT(BH_Mapped), " MAPPED") : "");
	else if (blocks > 0)
		text_add("%s%s", if_set(found.flags, BIT(BH_New), " NEW"), if_set(found.flags, BIT(BH_Mapped), " MAPPED"));
	else if (blocks == 0)
		text_add(" HOLE");
}

static void say_freed(struct pt_regs *regs)
{
	text_add(" count=%lu", argument(regs, 4));
}

/* Events */

static void begin_event(void)
{
	page_say_changes();
	text_indent();
}

static void record_call(const struct probe *probe, struct pt_regs *regs)
{
	begin_event();
	text_add("%s", probe->name);
	if (probe->say)
		probe->say(regs);
	text_add("\n");
}

static void record_lock(const struct probe *probe, struct pt_regs *regs)
{
	char lock[NAME_BYTES];

	if (!lock_name((const void *)argument(regs, 0), lock, sizeof(lock)))
		return;
	begin_event();
	text_add("%s %s\n", probe->name, lock);
}

/* A thread that has a handle gets the same one again. */
static void record_handle_start(const struct probe *probe, struct pt_regs *regs)
{
	begin_event();
	text_add("J.start%s\n", current->journal_info ? " (nested)" : "");
}

static void record_handle_stop(const struct probe *probe, struct pt_regs *regs)
{
	const handle_t *handle = (const handle_t *)argument(regs, 0);

	begin_event();
	text_add("J.stop%s\n", handle->h_ref > 1 ? " (nested)" : "");
}

/* A journal commits in a thread of its own. */
static void record_commit(const struct probe *probe, struct pt_regs *regs)
{
	text_add("~ other thread: %s\n", probe->name);
}

#define LOCK(function) { .name = #function, .record = record_lock }
#define CALL(function) { .name = #function, .record = record_call }
#define CALL_OF(function, arguments) { .name = #function, .record = record_call, .say = arguments }
#define EXTENT(function) { .name = #function, .has_extent = true }
#define EXTENT_OF(function, arguments) { .name = #function, .has_extent = true, .say = arguments }
#define EXTENT_TO(function, arguments, result) \
	{ .name = #function, .has_extent = true, .say = arguments, .say_result = result }

static struct probe probes[] = {
	LOCK(down_read),
	LOCK(down_read_interruptible),
	LOCK(down_read_killable),
	LOCK(down_read_trylock),
	LOCK(down_write),
	LOCK(down_write_killable),
	LOCK(down_write_trylock),
	LOCK(downgrade_write),
	LOCK(up_read),
	LOCK(up_write),

	/* DAX */
	EXTENT_TO(dax_iomap_fault, say_fault, say_fault_result),
	EXTENT_TO(dax_finish_sync_fault, NULL, say_fault_result),
	EXTENT(dax_iomap_rw),
	EXTENT(dax_layout_busy_page_range),
	EXTENT(dax_writeback_mapping_range),
	CALL_OF(grab_mapping_entry, say_grabbed),
	CALL_OF(dax_unlock_entry, say_index),
	CALL_OF(wait_entry_unlocked, say_index),
	CALL_OF(dax_insert_entry, say_inserted),
	CALL_OF(__dax_invalidate_entry, say_second),
	CALL_OF(dax_truncate_page, say_second),
	CALL_OF(dax_zero_range, say_range),
	CALL(copy_cow_page_dax),
	CALL(copy_mc_to_kernel),
	CALL(dax_copy_from_iter),
	CALL(dax_copy_to_iter),
	CALL(dax_file_unshare),
	CALL(dax_flush),
	CALL(dax_iomap_cow_copy),
	CALL(dax_load_hole),
	CALL(dax_remap_file_range_prep),
	CALL(dax_zero_page_range),
	CALL(iov_iter_zero),
	CALL(pfn_mkclean_range),

	/* Pages and their mappings */
	EXTENT_OF(unmap_mapping_pages, say_unmapped_pages),
	EXTENT_OF(unmap_mapping_range, say_unmapped_range),
	EXTENT(invalidate_inode_pages2_range),
	EXTENT(truncate_inode_pages_range),
	CALL_OF(invalidate_mapping_pages, say_range),
	CALL_OF(invalidate_mapping_pagevec, say_range),
	CALL_OF(truncate_pagecache, say_second),
	CALL_OF(truncate_pagecache_range, say_range),
	CALL(do_huge_pmd_wp_page),
	CALL(do_wp_page),
	CALL(fault_dirty_shared_page),
	CALL(finish_fault),
	CALL(finish_mkwrite_fault),
	CALL(pagecache_isize_extended),
	CALL(truncate_setsize),
	CALL(unmap_region),
	CALL(vmf_insert_mixed),
	CALL(vmf_insert_mixed_mkwrite),
	CALL(vmf_insert_pfn_pmd_prot),
	CALL(wp_page_copy),

	/* Files */
	CALL(blkdev_issue_flush),
	CALL(blkdev_issue_zeroout),
	CALL(fault_in_readable),
	CALL(file_modified_flags),
	CALL(file_update_time),
	CALL(file_write_and_wait_range),
	CALL(filemap_write_and_wait_range),
	CALL(inode_dio_wait),

	/* The journal of ext4 */
	{ .name = "jbd2__journal_start", .record = record_handle_start },
	{ .name = "jbd2_journal_stop", .record = record_handle_stop },
	{ .name = "jbd2_journal_commit_transaction", .record = record_commit },
	CALL(ext4_fc_commit),
	CALL(jbd2_complete_transaction),
	CALL(jbd2_fc_begin_commit),
	CALL(jbd2_log_wait_commit),

	/* ext4 */
	EXTENT_TO(ext4_map_blocks, say_map, say_map_result),
	EXTENT(ext4_break_layouts),
	EXTENT(ext4_ext_remove_space),
	EXTENT(ext4_truncate),
	CALL_OF(ext4_free_blocks, say_freed),
	CALL(ext4_alloc_file_blocks),
	CALL(ext4_block_truncate_page),
	CALL(ext4_block_zero_page_range),
	CALL(ext4_convert_unwritten_extents),
	CALL(ext4_discard_preallocations),
	CALL(ext4_es_remove_extent),
	CALL(ext4_ext_shift_extents),
	CALL(ext4_get_block),
	CALL(ext4_handle_inode_extension),
	CALL(ext4_inode_extension_cleanup),
	CALL(ext4_insert_range),
	CALL(ext4_iomap_begin),
	CALL(ext4_issue_zeroout),
	CALL(ext4_mb_new_blocks),
	CALL(ext4_orphan_add),
	CALL(ext4_orphan_del),
	CALL(ext4_punch_hole),
	CALL(ext4_sync_file),
	CALL(ext4_update_disksize_before_punch),
	CALL(ext4_zero_partial_blocks),
	CALL(ext4_zero_range),

	/* XFS */
	EXTENT(xfs_break_layouts),
	CALL(__xfs_bunmapi),
	CALL(__xfs_free_extent_later),
	CALL(__xfs_trans_commit),
	CALL(xfs_alloc_file_space),
	CALL(xfs_bmap_collapse_extents),
	CALL(xfs_bmap_insert_extents),
	CALL(xfs_bmapi_read),
	CALL(xfs_bmapi_write),
	CALL(xfs_break_dax_layouts),
	CALL(xfs_bunmapi),
	CALL(xfs_collapse_file_space),
	CALL(xfs_dax_write_iomap_end),
	CALL(xfs_direct_write_iomap_begin),
	CALL(xfs_extent_free_defer_add),
	CALL(xfs_file_fsync),
	CALL(xfs_flush_unmap_range),
	CALL(xfs_free_file_space),
	CALL(xfs_ilock2_io_mmap),
	CALL(xfs_ilock_for_write_fault),
	CALL(xfs_insert_file_space),
	CALL(xfs_iomap_write_direct),
	CALL(xfs_iomap_write_unwritten),
	CALL(xfs_itruncate_extents_flags),
	CALL(xfs_log_force),
	CALL(xfs_log_force_seq),
	CALL(xfs_prepare_shift),
	CALL(xfs_read_iomap_begin),
	CALL(xfs_reflink_allocate_cow),
	CALL(xfs_reflink_cancel_cow_range),
	CALL(xfs_reflink_end_cow),
	CALL(xfs_reflink_remap_blocks),
	CALL(xfs_setattr_size),
	CALL(xfs_trans_alloc),
	CALL(xfs_trans_cancel),
	CALL(xfs_trans_roll),
	CALL(xfs_truncate_page),
	CALL(xfs_update_prealloc_flags),
	CALL(xfs_zero_extent),
	CALL(xfs_zero_range),
};

/* Handlers */

static int at_function(struct kprobe *at, struct pt_regs *regs)
{
	const struct probe *probe = container_of(at, struct probe, at);
	unsigned long flags;

	if (probe->record == record_commit ? !is_recording() : !is_recorded())
		return 0;
	raw_spin_lock_irqsave(&recording, flags);
	if (is_recording())
		probe->record(probe, regs);
	raw_spin_unlock_irqrestore(&recording, flags);
	return 0;
}

struct open_call {
	const void *map;
};

/* Not zero: the return is of no interest. */
static int at_begin(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct probe *probe = container_of(get_kretprobe(instance), struct probe, around);
	struct open_call *call = (struct open_call *)instance->data;
	unsigned long flags;

	if (!is_recorded())
		return 1;
	call->map = (const void *)argument(regs, 2);
	raw_spin_lock_irqsave(&recording, flags);
	begin_event();
	text_add("%s", probe->name);
	if (probe->say)
		probe->say(regs);
	text_add(" {\n");
	text_depth++;
	raw_spin_unlock_irqrestore(&recording, flags);
	return 0;
}

static int at_end(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	const struct probe *probe = container_of(get_kretprobe(instance), struct probe, around);
	const struct open_call *call = (const struct open_call *)instance->data;
	unsigned long flags;

	if (!is_recorded())
		return 0;
	raw_spin_lock_irqsave(&recording, flags);
	page_say_changes();
	if (text_depth > 0)
		text_depth--;
	text_indent();
	text_add("}");
	if (probe->say_result)
		probe->say_result(regs_return_value(regs), call->map);
	text_add("\n");
	raw_spin_unlock_irqrestore(&recording, flags);
	return 0;
}

static int probe_register(struct probe *probe)
{
	if (!probe->has_extent) {
		probe->at.symbol_name = probe->name;
		probe->at.pre_handler = at_function;
		return register_kprobe(&probe->at);
	}
	probe->around.kp.symbol_name = probe->name;
	probe->around.entry_handler = at_begin;
	probe->around.handler = at_end;
	probe->around.data_size = sizeof(struct open_call);
	probe->around.maxactive = OPEN_CALLS;
	return register_kretprobe(&probe->around);
}

void probes_register(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i].is_registered = probe_register(&probes[i]) == 0;
		if (!probes[i].is_registered)
			text_add("? %s\n", probes[i].name);
	}
}

/* All at once: the kernel waits for all processors once, and not once for each. */
void probes_unregister(void)
{
	static struct kprobe *at[ARRAY_SIZE(probes)];
	static struct kretprobe *around[ARRAY_SIZE(probes)];
	int at_count = 0, around_count = 0, i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].is_registered)
			continue;
		if (probes[i].has_extent)
			around[around_count++] = &probes[i].around;
		else
			at[at_count++] = &probes[i].at;
	}
	unregister_kprobes(at, at_count);
	unregister_kretprobes(around, around_count);
}
