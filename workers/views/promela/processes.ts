/** The processes of a program, and what runs an operation of a thread from step to step. */
import type { Input } from '../../../corpus/vocabulary/input.ts';
import type { World } from '../../kernel/world.ts';
import { namesIn } from '../mentioned.ts';
import { begins, ends, storesOwed } from './claims.ts';
import type { Options } from './fragments.ts';
import { BLOCKERS, INLINES } from './inlines.ts';
import { inline, options } from './text.ts';

/** A visible step, then the local ones behind it: first of those that were given a lock, then its own. */
export function threadProcess(steps: readonly string[]): string {
  return `active [THREADS] proctype Thread() {
end: do
:: atomic {
(runnable >> _pid) & 1 ->
d_step {
begin_step();
skip
}
if
${steps.join('\n')}
fi;
d_step {
if
:: released != 0 -> grant(released - 1)
:: else
fi;
if
:: outcome == GOES_ON -> F.pc++; move(who)
:: outcome == CALLED -> move(who)
:: outcome == SLEEPS -> check_deadlock()
:: else
fi;
moved = 0;
do
:: moved < moving && !halted ->
who = movers[moved];
at = 2 * who + nested[who];
settle();
moved++
:: else -> break
od;
skip
}
}
od
}`;
}

/** Sets the state up, and looks at it once nobody can run. */
export function worldProcess({ threads }: Input, start: readonly string[]): string {
  const finished = threads.map(({ ops }, t) => `operation[${t}] == ${ops.length}`).join(' && ');
  return `active proctype World() {
d_step {
${[...start, 'skip'].join(';\n')}
}
end: do
:: atomic {
timeout ->
d_step {
if
:: !halted && ${finished} -> check_mappings()
:: !halted && !(${finished}) -> deny(lost_wakeup, 1)
:: else
fi;
skip
}
}
od
}`;
}

const BEGIN_STEP = `who = _pid;
at = 2 * who + nested[who];
moving = 0;
released = 0;
outcome = GOES_ON;
printf("T%d takes the step at %d\\n", who, F.pc);
if
:: !begun[who] -> begin_operation()
:: else
fi`;

const END_OPERATION = `end_claims();
clear_frame();
begun[who] = 0;
operation[who]++;
start_operation()`;

const LEAVE_FAULT = `found = F.result;
clear_frame();
nested[who]--;
at--;
F.result = found`;

/** The inlines of a program but for those that depend on its registers. */
export function inlinesOf(
  input: Input,
  world: World,
  isDurable: boolean,
  { steps, locals }: Options,
): Readonly<Record<string, string>> {
  const stores = storesOwed(isDurable, input, world);
  const names = namesIn(steps.join('\n'));
  const blockers = Object.entries(BLOCKERS).flatMap(([sleep, option]) =>
    names.has(sleep) ? [option] : [],
  );
  return {
    ...INLINES,
    begin_step: inline('begin_step', BEGIN_STEP),
    begin_operation: inline('begin_operation', begins(input, stores)),
    end_claims: inline('end_claims', ends(input, stores)),
    end_operation: inline('end_operation', END_OPERATION),
    leave_fault: inline('leave_fault', LEAVE_FAULT),
    add_blockers: inline('add_blockers', options(blockers), 'u'),
    settle: inline('settle', `do\n:: halted -> break\n${locals.join('\n')}\n:: else -> break\nod`),
  };
}
