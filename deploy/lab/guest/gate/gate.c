// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/faultline-gate. The program writes `fd N` to it before its threads start: the file that is asked about. Reading
 * it gives what happened, a line an event:
 *
 *	done N STEP flushes COUNT	it was its turn; so many calls of dax_flush had returned
 *	impossible N STEP: earlier N STEP did not come, THREAD sleeps on LOCK
 *	impossible N STEP: earlier N STEP did not come
 *	without THREAD NAME COUNT	so often a call was taken away
 *	flushes THREAD COUNT
 *
 * After `impossible` nothing is held any more.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "gate.h"

#define NAME "faultline-gate"
#define TEXT_BYTES 16384

static char *steps = "";
module_param(steps, charp, 0444);
MODULE_PARM_DESC(steps, "THREAD:[|]EDGE FUNCTION[(SUBJECT)],...; EDGE is < for entry, > for return; | stands there; THREAD:~LOCK sleeps");
static char *without = "";
module_param(without, charp, 0444);
MODULE_PARM_DESC(without, "THREAD:write=LOCK, THREAD:read=LOCK, THREAD:fn=FUNCTION,...");

static struct inode *told;
static char text[TEXT_BYTES];
static size_t text_length;
static DEFINE_RAW_SPINLOCK(text_lock);

struct inode *gate_inode(void)
{
	return READ_ONCE(told);
}

int gate_thread(void)
{
	int thread = current->comm[0] - 'A';

	if (!gate_inode() || current->comm[1] || thread < 0 || thread >= THREADS)
		return -1;
	return thread;
}

char gate_letter(int thread)
{
	return 'A' + thread;
}

int gate_parse_thread(const char *word, const char **rest)
{
	int thread = word[0] - 'A';

	if (thread < 0 || thread >= THREADS || word[1] != ':')
		return -1;
	*rest = word + 2;
	return thread;
}

/* What does not fit is dropped. */
void gate_say(const char *format, ...)
{
	unsigned long flags;
	va_list values;

	raw_spin_lock_irqsave(&text_lock, flags);
	va_start(values, format);
	text_length += vscnprintf(text + text_length, TEXT_BYTES - text_length, format, values);
	va_end(values);
	raw_spin_unlock_irqrestore(&text_lock, flags);
}

static ssize_t gate_write(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	char word[WORD_BYTES] = "";
	struct inode *inode = NULL;
	struct fd chosen;
	int fd;

	if (count >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, count))
		return -EFAULT;
	if (sscanf(word, "fd %d", &fd) != 1 || told)
		return -EINVAL;
	chosen = fdget(fd);
	if (chosen.file) {
		inode = file_inode(chosen.file);
		ihold(inode);
	}
	fdput(chosen);
	if (!inode)
		return -EBADF;
	WRITE_ONCE(told, inode);
	return count;
}

static ssize_t gate_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	static bool has_said;

	if (!xchg(&has_said, true)) {
		steps_say();
		without_say();
	}
	return simple_read_from_buffer(to, count, at, text, READ_ONCE(text_length));
}

static const struct proc_ops operations = {
	.proc_write = gate_write,
	.proc_read = gate_read,
	.proc_lseek = default_llseek,
};

static void unregister_all(void)
{
	steps_unregister();
	without_unregister();
	locks_unregister();
}

static int __init gate_init(void)
{
	int failed = locks_register();

	if (!failed)
		failed = without_register(without);
	if (!failed)
		failed = steps_register(steps);
	if (!failed && !proc_create(NAME, 0600, NULL, &operations))
		failed = -ENOMEM;
	if (failed)
		unregister_all();
	return failed;
}

static void __exit gate_exit(void)
{
	remove_proc_entry(NAME, NULL);
	unregister_all();
	iput(told);
}

module_init(gate_init);
module_exit(gate_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("holds threads at functions until it is their turn");
