// SPDX-License-Identifier: GPL-2.0
/*
 * Steps: each is a thread at the entry or the return of a function, or one that sleeps on a lock, and they are to come in
 * the order in which they were given. A thread that arrives at its own next step before its turn stands there. It keeps its CPU and what it holds: the
 * other threads need CPUs of their own, and one that needs a lock of it cannot come. That is found out, not waited for.
 */
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/processor.h>

#include "gate.h"

#define STEPS 32
/* Of a step's text. */
#define STEP_BYTES (3 * WORD_BYTES)

static int ms = 30000;
module_param(ms, int, 0444);
MODULE_PARM_DESC(ms, "a thread stands so long, at most");
static int blocked_ms = 2000;
module_param(blocked_ms, int, 0444);
MODULE_PARM_DESC(blocked_ms, "a thread that sleeps so long on one lock does not come");
static int asleep_ms = 20;
module_param(asleep_ms, int, 0444);
MODULE_PARM_DESC(asleep_ms, "a thread that is to sleep on a lock has slept so long");

struct step {
	int thread;
	/* It comes as soon as the thread arrives; where the thread goes on is the next step. */
	bool is_stand;
	/* `<`, `>`, or `~` for sleeping on the lock that stands in place of the function. */
	char edge;
	char function[WORD_BYTES];
	/* What the first argument is: `inode`, `mapping`, or a lock by its name; empty for whatever. */
	char subject[WORD_BYTES];
	bool is_over;
	struct kretprobe probe;
	/* The first step that has it registers the probe of a place. */
	int place;
	bool is_registered;
};

static struct step steps[STEPS];
static int step_count;
/* Steps before it are over. */
static int turn;
static bool is_broken;
static atomic_t flushes[THREADS], flushes_of_all;

static void step_text(const struct step *step, char *text)
{
	bool is_any = !step->subject[0];

	snprintf(text, STEP_BYTES, "%c:%s%c%s%s%s%s", gate_letter(step->thread), step->is_stand ? "|" : "",
		 step->edge, step->function, is_any ? "" : "(", step->subject, is_any ? "" : ")");
}

static struct step *next_of(int thread)
{
	int i;

	for (i = 0; i < step_count; i++)
		if (steps[i].thread == thread && !steps[i].is_over)
			return &steps[i];
	return NULL;
}

/* How long the thread that is waited for has slept on one lock. */
struct sleep {
	int thread;
	unsigned int asked;
	u64 since;
};

/* In ms; the lock is NULL where it sleeps on none. */
static u64 slept(struct sleep *sleep, int thread, u64 now, const char **lock)
{
	unsigned int asked;

	*lock = lock_awaited(thread, &asked);
	if (!*lock || thread != sleep->thread || asked != sleep->asked)
		*sleep = (struct sleep){ .thread = thread, .asked = asked, .since = now };
	return (now - sleep->since) / NSEC_PER_MSEC;
}

static void end_step(struct step *step)
{
	int index = step - steps;
	char text[STEP_BYTES];

	step->is_over = true;
	step_text(step, text);
	gate_say("done %d %s flushes %d\n", index, text, atomic_read(&flushes_of_all));
	WRITE_ONCE(turn, index + 1);
}

/* Who stands looks after the sleepers; several may. */
static DEFINE_RAW_SPINLOCK(sleepers);

static void end_sleep(int index)
{
	raw_spin_lock(&sleepers);
	if (READ_ONCE(turn) == index)
		end_step(&steps[index]);
	raw_spin_unlock(&sleepers);
}

static bool has_come(int index)
{
	u64 until = ktime_get_mono_fast_ns() + (u64)ms * NSEC_PER_MSEC;
	struct sleep sleep = { .thread = -1 };
	int earlier;

	while (!READ_ONCE(is_broken) && (earlier = READ_ONCE(turn)) < index) {
		u64 now = ktime_get_mono_fast_ns(), asleep;
		struct step *step = &steps[earlier];
		const char *lock;

		asleep = slept(&sleep, step->thread, now, &lock);
		if (lock && step->edge == '~' && !strcmp(lock, step->function)) {
			if (asleep > asleep_ms)
				end_sleep(earlier);
		} else if (now > until || (lock && asleep > blocked_ms)) {
			return false;
		}
		cpu_relax();
	}
	return !READ_ONCE(is_broken);
}

static void say_impossible(int index)
{
	const struct step *earlier = &steps[READ_ONCE(turn)];
	char text[STEP_BYTES], other[STEP_BYTES];
	unsigned int asked;
	const char *lock = lock_awaited(earlier->thread, &asked);

	step_text(&steps[index], text);
	step_text(earlier, other);
	if (lock)
		gate_say("impossible %d %s: earlier %td %s did not come, %c sleeps on %s\n", index, text,
			 earlier - steps, other, gate_letter(earlier->thread), lock);
	else
		gate_say("impossible %d %s: earlier %td %s did not come\n", index, text, earlier - steps, other);
}

static bool pass(struct step *step)
{
	if (has_come(step - steps)) {
		end_step(step);
		return true;
	}
	if (!xchg(&is_broken, true))
		say_impossible(step - steps);
	return false;
}

static void arrive(int place)
{
	int thread = gate_thread();
	struct step *step;
	bool has_stood;

	if (thread < 0)
		return;
	do {
		step = READ_ONCE(is_broken) ? NULL : next_of(thread);
		if (!step || step->place != place)
			return;
		has_stood = step->is_stand;
	} while (pass(step) && has_stood);
}

static bool is_about_file(const struct step *step, struct pt_regs *regs)
{
	const struct inode *inode = gate_inode();
	const void *first = (const void *)regs_get_kernel_argument(regs, 0);
	const char *lock;

	if (!step->subject[0])
		return true;
	if (!strcmp(step->subject, "inode"))
		return first == inode;
	if (!strcmp(step->subject, "mapping"))
		return first == inode->i_mapping;
	lock = lock_name(first);
	return lock && !strcmp(lock, step->subject);
}

/* Nonzero: its return is of no interest. */
static int entered(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct step *step = container_of(get_kretprobe(instance), struct step, probe);

	if (gate_thread() < 0 || !is_about_file(step, regs))
		return 1;
	if (step->edge == '>')
		return 0;
	arrive(step->place);
	return 1;
}

static int returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	arrive(container_of(get_kretprobe(instance), struct step, probe)->place);
	return 0;
}

static int flush_entered(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return gate_thread() < 0;
}

static int flush_returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	int thread = gate_thread();

	if (thread >= 0) {
		atomic_inc(&flushes[thread]);
		atomic_inc(&flushes_of_all);
	}
	return 0;
}

static struct kretprobe flush_probe = {
	.kp.symbol_name = "dax_flush",
	.entry_handler = flush_entered,
	.handler = flush_returned,
	.maxactive = 16,
};
static bool counts_flushes;

/* Of `FUNCTION` or `FUNCTION(SUBJECT)`. */
static int parse_place(struct step *step, const char *word)
{
	size_t length = strcspn(word, "(");
	const char *subject = word + length;
	size_t subject_length = strcspn(subject, ")");

	if (!length || length >= WORD_BYTES || subject_length >= WORD_BYTES)
		return -EINVAL;
	strscpy(step->function, word, length + 1);
	if (!*subject)
		return 0;
	if (strcmp(subject + subject_length, ")"))
		return -EINVAL;
	strscpy(step->subject, subject + 1, subject_length);
	return 0;
}

static int parse(struct step *step, const char *word)
{
	step->thread = gate_parse_thread(word, &word);
	if (step->thread < 0)
		return -EINVAL;
	step->is_stand = *word == '|';
	word += step->is_stand;
	step->edge = *word;
	if (!strchr("<>~", step->edge) || !step->edge)
		return -EINVAL;
	return parse_place(step, word + 1);
}

static bool is_same_place(const struct step *a, const struct step *b)
{
	return a->edge == b->edge && !strcmp(a->subject, b->subject) && !strcmp(a->function, b->function);
}

static int register_place(int index)
{
	struct step *step = &steps[index];
	int failed;

	for (step->place = 0; !is_same_place(&steps[step->place], step);)
		step->place++;
	if (step->place < index || step->edge == '~')
		return 0;
	step->probe = (struct kretprobe){
		.kp.symbol_name = step->function,
		.entry_handler = entered,
		.handler = returned,
		.maxactive = 16,
	};
	failed = register_kretprobe(&step->probe);
	if (failed)
		pr_err("faultline_gate: no probe at %s (%d)\n", step->function, failed);
	step->is_registered = !failed;
	return failed;
}

int steps_register(const char *text)
{
	char word[STEP_BYTES];
	int failed;

	while (*text) {
		size_t length = strchrnul(text, ',') - text;

		if (step_count == STEPS || length >= sizeof(word))
			return -E2BIG;
		strscpy(word, text, length + 1);
		failed = parse(&steps[step_count], word);
		if (failed)
			return failed;
		text += length + (text[length] == ',');
		step_count++;
		failed = register_place(step_count - 1);
		if (failed)
			return failed;
	}
	failed = register_kretprobe(&flush_probe);
	counts_flushes = !failed;
	return failed;
}

void steps_say(void)
{
	int i;

	for (i = 0; i < THREADS; i++)
		if (atomic_read(&flushes[i]))
			gate_say("flushes %c %d\n", gate_letter(i), atomic_read(&flushes[i]));
}

void steps_unregister(void)
{
	int i;

	/* Who stands goes on. */
	WRITE_ONCE(is_broken, true);
	for (i = 0; i < step_count; i++)
		if (steps[i].is_registered)
			unregister_kretprobe(&steps[i].probe);
	if (counts_flushes)
		unregister_kretprobe(&flush_probe);}
