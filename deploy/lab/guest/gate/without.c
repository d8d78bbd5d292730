// SPDX-License-Identifier: GPL-2.0
/* Amputations: for one thread, a lock of the file that is neither taken nor released, or a call that returns 0 at once. */
#include <linux/kprobes.h>
#include <linux/linkage.h>
#include <linux/module.h>

#include "gate.h"

#define CUTS 8

static struct cut {
	int thread;
	/* `write`, `read` or `fn`. */
	char kind[8];
	char name[WORD_BYTES];
	int hits;
	struct kprobe probe;
	bool is_registered;
} cuts[CUTS];
static int cut_count;

static struct lock_call {
	const char *kind;
	/* In place of the call: trylock has the lock. */
	unsigned long result;
	struct kprobe probe;
	bool is_registered;
} lock_calls[] = {
	{ "read", 0, { .symbol_name = "down_read" } },
	{ "read", 1, { .symbol_name = "down_read_trylock" } },
	{ "read", 0, { .symbol_name = "up_read" } },
	{ "write", 0, { .symbol_name = "down_write" } },
	{ "write", 1, { .symbol_name = "down_write_trylock" } },
	{ "write", 0, { .symbol_name = "up_write" } },
};

void gate_return(void);
asm(".pushsection .text, \"ax\"\n"
    ".global gate_return\n"
    ".type gate_return, @function\n"
    "gate_return:\n"
    ASM_RET
    ".size gate_return, . - gate_return\n"
    ".popsection\n");

static int return_at_once(struct pt_regs *regs, unsigned long result)
{
	regs_set_return_value(regs, result);
	instruction_pointer_set(regs, (unsigned long)gate_return);
	return 1;
}

static int call_entered(struct kprobe *probe, struct pt_regs *regs)
{
	struct cut *cut = container_of(probe, struct cut, probe);

	if (gate_thread() != cut->thread)
		return 0;
	cut->hits++;
	return return_at_once(regs, 0);
}

static int lock_entered(struct kprobe *probe, struct pt_regs *regs)
{
	struct lock_call *call = container_of(probe, struct lock_call, probe);
	int thread = gate_thread(), i;
	const char *name = thread < 0 ? NULL : lock_name((const void *)regs_get_kernel_argument(regs, 0));

	for (i = 0; name && i < cut_count; i++) {
		struct cut *cut = &cuts[i];

		if (cut->thread != thread || strcmp(cut->kind, call->kind) || strcmp(cut->name, name))
			continue;
		cut->hits++;
		return return_at_once(regs, call->result);
	}
	return 0;
}

static int parse(struct cut *cut, const char *word)
{
	const char *equals;

	cut->thread = gate_parse_thread(word, &word);
	if (cut->thread < 0)
		return -EINVAL;
	equals = strchr(word, '=');
	if (!equals || (size_t)(equals - word) >= sizeof(cut->kind))
		return -EINVAL;
	strscpy(cut->kind, word, equals - word + 1);
	if (strscpy(cut->name, equals + 1, WORD_BYTES) <= 0)
		return -EINVAL;
	return 0;
}

static int register_call(struct cut *cut)
{
	int failed;

	cut->probe.symbol_name = cut->name;
	cut->probe.pre_handler = call_entered;
	failed = register_kprobe(&cut->probe);
	cut->is_registered = !failed;
	if (failed)
		pr_err("faultline_gate: no probe at %s (%d)\n", cut->name, failed);
	return failed;
}

static int register_locks(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lock_calls); i++) {
		struct lock_call *call = &lock_calls[i];
		int failed;

		if (call->is_registered)
			continue;
		call->probe.pre_handler = lock_entered;
		failed = register_kprobe(&call->probe);
		if (failed)
			return failed;
		call->is_registered = true;
	}
	return 0;
}

int without_register(const char *text)
{
	char word[2 * WORD_BYTES];

	while (*text) {
		size_t length = strchrnul(text, ',') - text;
		struct cut *cut = &cuts[cut_count];
		int failed;

		if (cut_count == CUTS || length >= sizeof(word))
			return -E2BIG;
		strscpy(word, text, length + 1);
		failed = parse(cut, word);
		if (failed)
			return failed;
		text += length + (text[length] == ',');
		cut_count++;
		failed = strcmp(cut->kind, "fn") ? register_locks() : register_call(cut);
		if (failed)
			return failed;
	}
	return 0;
}

void without_say(void)
{
	int i;

	for (i = 0; i < cut_count; i++)
		gate_say("without %c %s %d\n", gate_letter(cuts[i].thread), cuts[i].name, cuts[i].hits);
}

void without_unregister(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lock_calls); i++)
		if (lock_calls[i].is_registered)
			unregister_kprobe(&lock_calls[i].probe);
	for (i = 0; i < (size_t)cut_count; i++)
		if (cuts[i].is_registered)
			unregister_kprobe(&cuts[i].probe);
}
