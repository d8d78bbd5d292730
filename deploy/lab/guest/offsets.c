/*
 * Values for the parameters of a module that are offsets of fields: for each parameter STRUCT__FIELD of MODULE the offset
 * in bytes, from the type information (BTF) that the running kernel has of itself and of its modules.
 *
 * usage: offsets MODULE FOLDER
 *
 * FOLDER is /sys/kernel/btf: a file `vmlinux`, and one a module, whose types and strings go on where those of vmlinux
 * end. It prints `STRUCT__FIELD=OFFSET ..`, as insmod takes it; of a field that is not found it says so on stderr.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE "vmlinux"
#define MAGIC 0xeb9f
#define NAME_BYTES 128
#define FIELDS_MAX 64

/* Documentation/bpf/btf.rst of the kernel */
struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t length, types, types_length, strings, strings_length;
};

struct type {
	uint32_t name;
	/* Number of what follows, kind, and a flag: see below. */
	uint32_t info;
	uint32_t size;
};

struct member {
	uint32_t name, type;
	/* In bits; with the flag the upper byte is the size of a bit field. */
	uint32_t offset;
};

enum { INT = 1, ARRAY = 3, STRUCT, UNION, ENUM, FUNC_PROTO = 13, VAR, DATASEC, DECL_TAG = 17, ENUM64 = 19 };

struct bytes {
	char *at;
	size_t length;
};

struct field {
	char parameter[NAME_BYTES], structure[NAME_BYTES], name[NAME_BYTES];
	long offset;
};

static struct field fields[FIELDS_MAX];
static int field_count;
/* Of vmlinux: names of a module's types may be there. */
static struct bytes base_strings;

static void die(const char *what, const char *which)
{
	fprintf(stderr, "offsets: %s: %s\n", which, what);
	exit(1);
}

static struct bytes contents(const char *name)
{
	struct bytes all = { NULL, 0 };
	FILE *file = fopen(name, "rb");
	size_t room = 0, count;

	if (file == NULL)
		die("cannot be read", name);
	do {
		room += 1 << 20;
		all.at = realloc(all.at, room);
		if (all.at == NULL)
			die("no memory", name);
		count = fread(all.at + all.length, 1, room - all.length, file);
		all.length += count;
	} while (all.length == room);
	/* The last string may have no end. */
	all.at[all.length] = 0;
	fclose(file);
	return all;
}

static void add_field(const char *parameter)
{
	struct field *field = &fields[field_count];
	const char *at = strstr(parameter, "__");

	if (at == NULL || field_count == FIELDS_MAX)
		return;
	snprintf(field->parameter, NAME_BYTES, "%s", parameter);
	snprintf(field->structure, NAME_BYTES, "%.*s", (int)(at - parameter), parameter);
	snprintf(field->name, NAME_BYTES, "%s", at + 2);
	field->offset = -1;
	field_count++;
}

/* A module says `parmtype=NAME:TYPE`, each with a zero byte behind it. */
static void find_parameters(struct bytes module)
{
	static const char mark[] = "parmtype=";
	char parameter[NAME_BYTES];

	for (size_t i = 0; i + sizeof(mark) < module.length; i++)
		if (memcmp(module.at + i, mark, sizeof(mark) - 1) == 0 &&
		    sscanf(module.at + i + sizeof(mark) - 1, "%127[^:]:", parameter) == 1)
			add_field(parameter);
}

static const char *string_at(struct bytes strings, uint32_t name)
{
	if (name < base_strings.length)
		return base_strings.at + name;
	name -= base_strings.length;
	return name < strings.length ? strings.at + name : "";
}

/* Bytes of what follows a type. */
static size_t length_after(const struct type *type)
{
	size_t count = type->info & 0xffff;

	switch (type->info >> 24 & 0x1f) {
	case INT:
	case VAR:
	case DECL_TAG:
		return 4;
	case ARRAY:
		return 12;
	case STRUCT:
	case UNION:
	case DATASEC:
	case ENUM64:
		return count * 12;
	case ENUM:
	case FUNC_PROTO:
		return count * 8;
	default:
		return 0;
	}
}

static void look_at(const struct type *type, struct bytes strings)
{
	const struct member *members = (const struct member *)(type + 1);
	const char *structure = string_at(strings, type->name);

	for (int i = 0; i < field_count; i++) {
		if (strcmp(fields[i].structure, structure) != 0)
			continue;
		for (size_t m = 0; m < (type->info & 0xffff); m++)
			if (strcmp(fields[i].name, string_at(strings, members[m].name)) == 0)
				fields[i].offset = (members[m].offset & (type->info >> 31 ? 0xffffff : ~0u)) / 8;
	}
}

/* @returns its strings */
static struct bytes look_through(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct bytes file, strings;
	struct header head;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = contents(path);
	if (file.length < sizeof(head))
		die("is too short", path);
	memcpy(&head, file.at, sizeof(head));
	if (head.magic != MAGIC || head.length + (size_t)head.types + head.types_length > file.length ||
	    head.length + (size_t)head.strings + head.strings_length > file.length || head.strings_length == 0)
		die("is no type information", path);
	strings = (struct bytes){ file.at + head.length + head.strings, head.strings_length };
	if (strings.at[strings.length - 1] != 0)
		die("has strings without an end", path);
	for (size_t at = 0; at + sizeof(struct type) <= head.types_length;) {
		const struct type *type = (const struct type *)(file.at + head.length + head.types + at);
		size_t next = at + sizeof(*type) + length_after(type);

		if (next > head.types_length)
			die("has a type without an end", path);
		if ((type->info >> 24 & 0x1f) == STRUCT)
			look_at(type, strings);
		at = next;
	}
	return strings;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	DIR *folder;

	if (argc != 3)
		die("MODULE FOLDER", "usage");
	find_parameters(contents(argv[1]));
	folder = opendir(argv[2]);
	if (folder == NULL)
		die("cannot be read", argv[2]);
	base_strings = look_through(argv[2], BASE);
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, BASE) != 0)
			look_through(argv[2], entry->d_name);
	for (int i = 0; i < field_count; i++)
		if (fields[i].offset >= 0)
			printf("%s=%ld ", fields[i].parameter, fields[i].offset);
		else
			fprintf(stderr, "offsets: no field %s.%s\n", fields[i].structure, fields[i].name);
	printf("\n");
	return 0;
}
