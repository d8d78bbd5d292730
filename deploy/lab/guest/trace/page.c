// SPDX-License-Identifier: GPL-2.0
/* What can be seen of the page: sizes, block count, its entry in the cache with tags, and its pte. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pfn_t.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/xarray.h>

#include "trace.h"

/* Of an entry's value, as fs/dax.c has them: the rest is a page frame number. */
#define DAX_LOCKED BIT(0)
#define DAX_PMD BIT(1)
#define DAX_ZERO_PAGE BIT(2)
#define DAX_EMPTY BIT(3)
#define DAX_SHIFT 4

#define SEEN_BYTES 64
#define FRAMES_MAX 16

enum { I_SIZE, DISK_SIZE, I_BLOCKS, ENTRY, PTE_OF_PAGE, SEEN };

static const char *const names[SEEN] = { "i_size", "disk_size", "i_blocks", "entry", "pte" };
static char last[SEEN][SEEN_BYTES];

/* Blocks are called b1, b2 .. in the order in which they appear. */
static unsigned long frames[FRAMES_MAX];
static int frame_count;

static int number_of(unsigned long frame)
{
	int i;

	for (i = 0; i < frame_count; i++)
		if (frames[i] == frame)
			return i + 1;
	if (frame_count < FRAMES_MAX)
		frames[frame_count++] = frame;
	return frame_count;
}

static unsigned long entry_value(void)
{
	void *entry = xa_load(&watch.inode[FILE_A]->i_mapping->i_pages, watch.index);

	return entry && xa_is_value(entry) ? xa_to_value(entry) : 0;
}

static void say_entry(char *said)
{
	struct xarray *pages = &watch.inode[FILE_A]->i_mapping->i_pages;
	void *entry = xa_load(pages, watch.index);
	char type[16] = "EMPTY";
	unsigned long value;

	if (!entry) {
		strscpy(said, "none", SEEN_BYTES);
		return;
	}
	if (!xa_is_value(entry)) {
		strscpy(said, "page", SEEN_BYTES);
		return;
	}
	value = xa_to_value(entry);
	if (value & DAX_ZERO_PAGE)
		strscpy(type, "ZERO", sizeof(type));
	else if (!(value & DAX_EMPTY))
		snprintf(type, sizeof(type), "REAL b%d", number_of(value >> DAX_SHIFT));
	snprintf(said, SEEN_BYTES, "%s%s%s%s%s", type, value & DAX_PMD ? " PMD" : "",
		 xa_get_mark(pages, watch.index, PAGECACHE_TAG_DIRTY) ? " DIRTY" : "",
		 xa_get_mark(pages, watch.index, PAGECACHE_TAG_TOWRITE) ? " TOWRITE" : "",
		 value & DAX_LOCKED ? " locked" : "");
}

static void say_rights(char *said, const char *page, bool can_write, bool is_dirty)
{
	snprintf(said, SEEN_BYTES, "%s %s%s", page, can_write ? "rw" : "ro", is_dirty ? " dirty" : "");
}

static void say_huge(char *said, pmd_t pmd)
{
	unsigned long frame = pmd_pfn(pmd), value = entry_value();
	char page[24] = "HUGEZERO";

	if (!(value & DAX_ZERO_PAGE) || value >> DAX_SHIFT != frame)
		snprintf(page, sizeof(page), "HUGE b%d", number_of(frame));
	say_rights(said, page, pmd_write(pmd), pmd_dirty(pmd));
}

static void say_small(char *said, pte_t pte)
{
	char page[24] = "zeropage";

	if (pte_none(pte))
		return;
	if (!pte_present(pte)) {
		strscpy(said, "swap", SEEN_BYTES);
		return;
	}
	if (!is_zero_pfn(pte_pfn(pte))) {
		if (pte_devmap(pte))
			snprintf(page, sizeof(page), "b%d", number_of(pte_pfn(pte)));
		else
			strscpy(page, "anon", sizeof(page));
	}
	say_rights(said, page, pte_write(pte), pte_dirty(pte));
}

/* The tables are those of the current process, which alone takes them away: no lock is needed to walk them. */
static void say_pte(char *said)
{
	pgd_t *pgd;
	p4d_t *p4d;
	pud_t *pud;
	pmd_t pmd;

	strscpy(said, "none", SEEN_BYTES);
	if (!watch.address || !watch.mm || current->mm != watch.mm)
		return;
	pgd = pgd_offset(watch.mm, watch.address);
	if (pgd_none(*pgd) || pgd_bad(*pgd))
		return;
	p4d = p4d_offset(pgd, watch.address);
	if (p4d_none(*p4d) || p4d_bad(*p4d))
		return;
	pud = pud_offset(p4d, watch.address);
	if (pud_none(*pud) || pud_bad(*pud))
		return;
	pmd = READ_ONCE(*pmd_offset(pud, watch.address));
	if (pmd_none(pmd))
		return;
	if (pmd_trans_huge(pmd) || pmd_devmap(pmd))
		say_huge(said, pmd);
	else if (!pmd_bad(pmd))
		say_small(said, *pte_offset_kernel(&pmd, watch.address));
}

static void look(char seen[SEEN][SEEN_BYTES])
{
	struct inode *inode = watch.inode[FILE_A];

	snprintf(seen[I_SIZE], SEEN_BYTES, "%lld", i_size_read(inode));
	snprintf(seen[DISK_SIZE], SEEN_BYTES, "%lld", field_disk_size(inode));
	snprintf(seen[I_BLOCKS], SEEN_BYTES, "%llu", field_blocks(inode));
	say_entry(seen[ENTRY]);
	say_pte(seen[PTE_OF_PAGE]);
}

void page_forget(void)
{
	frame_count = 0;
}

void page_say_all(void)
{
	int i;

	look(last);
	for (i = 0; i < SEEN; i++)
		text_add("= %s %s\n", names[i], last[i]);
}

void page_say_changes(void)
{
	char seen[SEEN][SEEN_BYTES];
	int i;

	look(seen);
	for (i = 0; i < SEEN; i++) {
		if (!strcmp(seen[i], last[i]))
			continue;
		text_indent();
		text_add("* %s %s -> %s\n", names[i], last[i], seen[i]);
		strscpy(last[i], seen[i], SEEN_BYTES);
	}
}
