// SPDX-License-Identifier: GPL-2.0
/* The record: text in a buffer of fixed size. */
#include <linux/kernel.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "trace.h"

#define TEXT_BYTES (1 << 20)
/* Kept for the line that says that the rest is missing. */
#define LAST_WORDS 64
#define DEPTH_MAX 12

static char *text;
static size_t length;
static bool is_cut;
int text_depth;

int text_init(void)
{
	text = vmalloc(TEXT_BYTES);
	return text ? 0 : -ENOMEM;
}

void text_exit(void)
{
	vfree(text);
}

void text_clear(void)
{
	length = 0;
	is_cut = false;
}

ssize_t text_read(char __user *to, size_t count, loff_t *at)
{
	return simple_read_from_buffer(to, count, at, text, length);
}

void text_add(const char *format, ...)
{
	size_t room = TEXT_BYTES - LAST_WORDS - length;
	va_list values;
	int wanted;

	if (is_cut)
		return;
	va_start(values, format);
	wanted = vsnprintf(text + length, room, format, values);
	va_end(values);
	if (wanted < room) {
		length += wanted;
		return;
	}
	is_cut = true;
	length += scnprintf(text + length, LAST_WORDS, "\n! the record is full\n");
}

void text_indent(void)
{
	text_add("%*s", min(text_depth, DEPTH_MAX), "");
}
