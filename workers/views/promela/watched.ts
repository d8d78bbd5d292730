/** What the claims of a program say, and programs that watch some of them: asserted for a search, printed for a simulation. Pure. */
import { assert } from '../../../corpus/vocabulary/assert.ts';
import type { OracleId } from '../../oracles/oracle.ts';

/** What a simulation prints where a claim that is watched is denied. */
export const DENIED = 'denied';

/** Without the history of what was written where, an order of locks, and what only a power failure shows. */
const ORACLES: readonly OracleId[] = ['O1', 'O2', 'O4', 'O5', 'O9', 'O10'];

const DENIAL = /^inline deny\(/m;
const ASSERTION = 'assert(!claim)';
const END = /\}\n(\s*)od\n\}\n$/;

/** The oracles that together say what the claims of a program deny. */
export function oraclesOf(text: string): ReadonlySet<OracleId> {
  return new Set<OracleId>(hasClaim(text, 'lost_sync') ? [...ORACLES, 'O8'] : ORACLES);
}

export function hasClaim(text: string, claim: string): boolean {
  return text.includes(`deny(${claim}, `);
}

/** SPIN stops at no other claims. */
export function searchedFor(text: string, claims: readonly string[]): string {
  assert(DENIAL.test(text) && text.includes(ASSERTION), 'a program denies its claims');
  const kept = [...claims, 'claim'];
  return text
    .replaceAll(/\bdeny\((\w+), /g, (call, name) =>
      kept.includes(name) ? call : `pass_by(${name}, `,
    )
    .replace(DENIAL, 'inline pass_by(claim, fact) { claim = (fact) }\n\n$&');
}

/**
 * A run of the simulated kernel goes on after a violation and ends where no thread can go on. So does a simulation, if it
 * prints what it denies and its last process does not wait for another timeout.
 */
export function simulatedFor(text: string, claims: readonly string[]): string {
  assert(END.test(text), 'the last process of a program waits in a loop');
  return searchedFor(text, claims)
    .replace(ASSERTION, `if :: claim -> printf("${DENIED}\\n") :: else fi`)
    .replace(END, '};\n$1$1break\n$1od\n}\n');
}
