/**
 * Every bound of the system, with its arithmetic. Nothing else in the house invents a limit.
 */

/** Bytes in a line: the unit of cache flushing and of content. Two lines make a page. */
export const LINE_BYTES = 2048;
/** Bytes in a page; a block is as large as a page (locking 1.1). */
export const PAGE_BYTES = 4096;
export const LINES_PER_PAGE = PAGE_BYTES / LINE_BYTES;

/** Two files are enough for crosswise IO (B36) and for blocks that change owner (B12). */
export const FILES = 2;
/** Two address spaces: "the other process" of the mails. */
export const MMS = 2;
/** B04, B28, B31 and B37 need three threads; the fourth is for the disturber. */
export const THREADS = 4;
/** Pages a file: two huge pages. */
export const PAGES = 8;
export const LINES = PAGES * LINES_PER_PAGE;
/** No offset, range or size of a file reaches beyond. */
export const FILE_BYTES_MAX = PAGES * PAGE_BYTES;
/** Pages in a huge page, and its alignment. */
export const HUGE_PAGES = 4;
/**
 * Blocks on the device: every page of both files (16) and, because a freed block stays busy until
 * its transaction commits, 8 more. Running out is `inconclusive`, never ENOSPC.
 */
export const BLOCKS = 24;
/** Areas (mappings) an address space, each of up to PAGES pages. */
export const AREAS = 2;
/**
 * Operations a thread. Writer ids are 1 + thread * OPS + operation <= 24, so a set of writers fits
 * a word.
 */
export const OPS = 6;
export const WRITERS = THREADS * OPS;

/**
 * Page-cache pages alive at once: one a slot (FILES x PAGES = 16), and one that was deleted under each sleeper.
 */
export const PAGE_OBJECTS = FILES * PAGES + THREADS;
/**
 * Lock classes: ten built in (workers/kernel/locks.ts) and those that a model declares. A thread's held counts
 * take two bits a class, so sixteen fill a word.
 */
export const LOCK_CLASSES_MAX = 16;
export const OWN_LOCKS = 6;
/** Ranges of one file that threads hold or wait for: of each thread one, and one that it asks for on top. */
export const RANGES = 2 * THREADS;

/** Operation, fault, nested operation of a fault: deeper does not exist. */
export const FRAMES = 3;

/**
 * Visible steps a run may take before it is inconclusive. The longest run seen (4 threads x 6
 * operations, every page occupied) takes about 1 900.
 */
export const STEPS_MAX = 4096;

/**
 * Bytes of an input or a repro before a parser looks at it. A full input is under 4 KiB, a model
 * under 64.
 */
export const TEXT_BYTES_MAX = 1 << 20;
/** Forced switches in one schedule: a run of STEPS_MAX steps cannot use more than one a step. */
export const SWITCHES_MAX = STEPS_MAX;
/** Bytes of a name, label or title. */
export const NAME_BYTES_MAX = 96;
/**
 * Bytes of a signature: class, family, object class and two labels, each a name, and what joins
 * them.
 */
export const SIGNATURE_BYTES_MAX = 5 * NAME_BYTES_MAX + 32;
/** Characters of a model's canonical JSON. The largest built-in model has 12 000. */
export const MODEL_JSON_MAX = 1 << 16;
/** A signature, and for each thread an operation and two names of locks. */
export const BUCKET_BYTES_MAX = SIGNATURE_BYTES_MAX + 4 * (2 * NAME_BYTES_MAX + 32);
/** Bytes of a model reference: a name and a handful of toggles with their values. */
export const MODEL_REF_BYTES_MAX = 256;
/**
 * Nesting of a JSON value we read or write: a model's deepest path takes two levels a `when` or
 * `loop`.
 */
export const JSON_DEPTH_MAX = 32;
/**
 * Values in a JSON text we read: a model's text is under 64 KiB, and each value takes a byte of it.
 */
export const JSON_PARTS_MAX = 1 << 16;
