/** The number that everything random in a test comes from; the runner prints it and hands it on. */

export const RNG_SEED: number = rngSeedOf(process.env.RNG_SEED) ?? 1;

/** An unsigned 32 bit number; undefined if none is given. */
export function rngSeedOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 32) return seed;
  throw new Error(`RNG_SEED is ${text}, but must be an unsigned 32 bit number`);
}
