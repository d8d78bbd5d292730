/**
 * What a campaign is to do, as a file: JSON, every field optional.
 *
 *   {
 *     "models": ["v42-immap-read", "xfs-mmaplock-prezero"],
 *     "rngSeed": 5,
 *     "shares": { "fresh": 9, "mutate": 7 },
 *     "scopes": [{ "threads": 2, "ops": 2, "pages": 2, "operations": ["store", "punch"] }],
 *     "stop": { "runs": 1000000, "seconds": 28800, "quietSeconds": 3600 }
 *   }
 *
 * `shares` divides a batch between fresh workloads and mutants of kept ones. `scopes` are searched first, every
 * interleaving of all workloads of each, in place of small ones beside the runs; without `operations` over all that a
 * model has. `stop` ends the campaign at the
 * first of its rules that holds: so many runs, so much fuzzing, so long without a new finding.
 */
import { z } from 'zod';
import { readNamed } from '../../corpus/disk/read-bounded.ts';
import { Refusal } from '../../corpus/vocabulary/errors.ts';
import { OPS, PAGES, THREADS } from '../../corpus/vocabulary/limits.ts';
import { OP_KINDS } from '../../corpus/vocabulary/ops.ts';
import { printable } from '../../corpus/vocabulary/printable.ts';
import { checked, problemsIn } from '../../corpus/vocabulary/schemas.ts';

const SHOWN = 160;
/** More would take longer than anybody waits. */
const SCOPES_MAX = 16;
const positive = z.int().min(1);
/** More parts than this are no division that anybody means. */
const share = z.int().min(0).max(1000);

const schema = z.strictObject({
  models: z.array(z.string().min(1)).min(1).max(64).optional(),
  rngSeed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional(),
  shares: z
    .strictObject({ fresh: share, mutate: share })
    .refine(({ fresh, mutate }) => fresh + mutate > 0, 'fresh and mutate are both 0')
    .optional(),
  scopes: z
    .array(
      z.strictObject({
        threads: positive.max(THREADS),
        ops: positive.max(OPS),
        pages: positive.max(PAGES),
        operations: z.array(z.enum(OP_KINDS)).min(1).optional(),
      }),
    )
    .min(1)
    .max(SCOPES_MAX)
    .optional(),
  stop: z
    .strictObject({
      runs: positive.optional(),
      seconds: positive.optional(),
      quietSeconds: positive.optional(),
    })
    .optional(),
});
export type CampaignFile = z.infer<typeof schema>;

/** @throws Refusal naming the fields that do not fit */
export function readCampaignFile(file: string): CampaignFile {
  const said = parse(readNamed(file), file);
  const { value, problem } = checked(schema, said);
  if (problem !== null) throw refusal(file, problem, problemsIn(schema, said));
  return value;
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refusal(file, `it is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** @param all of them, where there are several */
function refusal(file: string, why: string, all: readonly string[] = []): Refusal {
  const facts = { file: printable(file, SHOWN), why: printable(why, SHOWN) };
  const place = { file: facts.file, line: null, column: null, where: '' };
  const problems = all.map((what) => ({ ...place, what: printable(what, SHOWN) }));
  return new Refusal('CAMPAIGN_FILE', facts, { problems });
}
