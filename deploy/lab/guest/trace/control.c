// SPDX-License-Identifier: GPL-2.0
/*
 * How the recorder is asked, by writing one of these to /proc/faultline_trace:
 *
 *	watch A B ADDRESS INDEX	file descriptors of the writer, -1 for no B; the page's address in hexadecimal and its index
 *	start			records the writer's process from here on
 *	stop			ends that, and forgets what was watched
 *	clear			empties the record
 *
 * Reading it gives the record.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "trace.h"

#define NAME "faultline_trace"
#define COMMAND_BYTES 128

struct watch watch;
DEFINE_RAW_SPINLOCK(recording);
static bool is_on;

bool is_recording(void)
{
	return READ_ONCE(is_on);
}

bool is_recorded(void)
{
	return is_recording() && current->tgid == watch.tgid;
}

static struct inode *inode_of(int fd)
{
	struct fd file = fdget(fd);
	struct inode *inode = NULL;

	if (file.file) {
		inode = file_inode(file.file);
		ihold(inode);
	}
	fdput(file);
	return inode;
}

static void stop(void)
{
	struct inode *inodes[FILES];
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&recording, flags);
	if (is_on) {
		text_depth = 0;
		page_say_changes();
	}
	WRITE_ONCE(is_on, false);
	for (i = 0; i < FILES; i++) {
		inodes[i] = watch.inode[i];
		watch.inode[i] = NULL;
	}
	watch.mm = NULL;
	raw_spin_unlock_irqrestore(&recording, flags);
	for (i = 0; i < FILES; i++)
		iput(inodes[i]);
}

static int begin_watch(int a, int b, unsigned long address, unsigned long index)
{
	struct inode *inode = inode_of(a);

	if (!inode)
		return -EBADF;
	stop();
	watch = (struct watch){
		.inode = { inode, b < 0 ? NULL : inode_of(b) },
		.address = address,
		.index = index,
	};
	return 0;
}

static int start(void)
{
	unsigned long flags;

	if (!watch.inode[FILE_A] || is_recording())
		return -EINVAL;
	watch.mm = current->mm;
	watch.tgid = current->tgid;
	raw_spin_lock_irqsave(&recording, flags);
	text_depth = 0;
	page_forget();
	page_say_all();
	WRITE_ONCE(is_on, true);
	raw_spin_unlock_irqrestore(&recording, flags);
	return 0;
}

static int obey(const char *command)
{
	unsigned long address, index;
	int a, b;

	if (sscanf(command, "watch %d %d %lx %lu", &a, &b, &address, &index) == 4)
		return begin_watch(a, b, address, index);
	if (sysfs_streq(command, "start"))
		return start();
	if (sysfs_streq(command, "stop"))
		stop();
	else if (sysfs_streq(command, "clear") && !is_recording())
		text_clear();
	else
		return -EINVAL;
	return 0;
}

static ssize_t control_write(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	char command[COMMAND_BYTES] = "";
	int failed;

	if (count >= sizeof(command))
		return -EINVAL;
	if (copy_from_user(command, from, count))
		return -EFAULT;
	failed = obey(command);
	return failed ? failed : count;
}

static ssize_t control_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	return is_recording() ? -EBUSY : text_read(to, count, at);
}

static const struct proc_ops operations = {
	.proc_write = control_write,
	.proc_read = control_read,
	.proc_lseek = default_llseek,
};

static int __init control_init(void)
{
	int failed = text_init();

	if (failed)
		return failed;
	if (!proc_create(NAME, 0600, NULL, &operations)) {
		text_exit();
		return -ENOMEM;
	}
	probes_register();
	return 0;
}

static void __exit control_exit(void)
{
	remove_proc_entry(NAME, NULL);
	stop();
	probes_unregister();
	text_exit();
}

module_init(control_init);
module_exit(control_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("records what a process does to a page of a DAX file");
