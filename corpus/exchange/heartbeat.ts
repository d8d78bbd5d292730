/** What a worker says of itself every few seconds. */
import { z } from 'zod';
import { NAME_BYTES_MAX } from '../vocabulary/limits.ts';
import { word } from './codec.ts';

const count = z.int().min(0);
/** Threads of one process; nobody has more. */
const executors = count.max(1024);

const heartbeat = z.strictObject({
  id: word,
  host: word,
  pid: count,
  build: z.string().regex(/^[0-9a-f]{64}$/),
  /** As npm has them: `0.1.0-rc.1+build`. */
  version: z
    .string()
    .regex(/^[\w.+-]+$/)
    .max(NAME_BYTES_MAX),
  executors,
  busy: executors,
  isDraining: z.boolean(),
  /** Runs since its start. */
  runs: count,
  /** Address of its metrics, such as `127.0.0.1:40123`. */
  metrics: z
    .string()
    .regex(/^[\w.:[\]-]+:\d+$/)
    .max(NAME_BYTES_MAX)
    .nullable(),
});
export type Heartbeat = Readonly<z.infer<typeof heartbeat>>;

/** Null if it is none; whoever reaches Redis may have written it. */
export function readHeartbeat(json: string): Heartbeat | null {
  try {
    const parsed = heartbeat.safeParse(JSON.parse(json));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
