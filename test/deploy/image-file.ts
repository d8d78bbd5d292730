/** deploy/Dockerfile as stages and steps, and the rules that it keeps to. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Copy, DockerfileParser, type From, type Instruction } from 'dockerfile-ast';
import { isPinned, isSecretName } from './image-policy.ts';

export interface Step {
  readonly keyword: string;
  /** Without flags; of RUN, the words of a shell. */
  readonly words: readonly string[];
  /** All that follows the keyword, with continued lines joined. */
  readonly text: string;
  /** Of COPY: the stage that it takes from, and whose it becomes. */
  readonly from: string | null;
  readonly chown: string | null;
}

export interface Stage {
  readonly name: string;
  readonly image: string;
  readonly steps: readonly Step[];
}

export function stagesOf(text: string): readonly Stage[] {
  const stages: { name: string; image: string; steps: Step[] }[] = [];
  for (const one of DockerfileParser.parse(text).getInstructions()) {
    if (one.getKeyword() === 'FROM') {
      const from = one as From;
      const name = from.getBuildStage() ?? String(stages.length);
      stages.push({ name, image: from.getImage() ?? '', steps: [] });
    } else stages.at(-1)?.steps.push(stepOf(one));
  }
  return stages;
}

function stepOf(one: Instruction): Step {
  const keyword = one.getKeyword();
  const flags = keyword === 'COPY' ? (one as Copy).getFlags() : [];
  const flag = (name: string): string | null =>
    flags.find((each) => each.getName() === name)?.getValue() ?? null;
  const words = one.getArguments().map((word) => word.getValue());
  const text = one.getArgumentsContent() ?? '';
  return { keyword, words, text, from: flag('from'), chown: flag('chown') };
}

/** Where a COPY leads: each source, and its place. */
export function copied({
  words,
}: Step): readonly { readonly source: string; readonly target: string }[] {
  const target = words.at(-1) ?? '';
  return words.slice(0, -1).map((source) => {
    return {
      source,
      target:
        target.endsWith('/') && !source.endsWith('/')
          ? path.posix.join(target, path.posix.basename(source))
          : target,
    };
  });
}

export function stepsOf({ steps }: Stage, keyword: string): readonly Step[] {
  return steps.filter((step) => step.keyword === keyword);
}

/** What breaks a rule; `root` is the folder that is built from. */
type Rule = (stages: readonly Stage[], root: string) => readonly string[];

const KNOWN = ['COPY', 'RUN', 'WORKDIR', 'ENV', 'VOLUME', 'USER', 'ENTRYPOINT', 'CMD'];
const UID_MIN = 10_000;

function last(stages: readonly Stage[]): Stage {
  return stages.at(-1) ?? { name: '', image: '', steps: [] };
}

/** A rule about the last stage, which is the image. */
function image(isFine: (stage: Stage) => boolean): Rule {
  return (stages) => (isFine(last(stages)) ? [] : ['the last stage']);
}

function allSteps(stages: readonly Stage[]): readonly Step[] {
  return stages.flatMap(({ steps }) => steps);
}

export const IMAGE_RULES = {
  'begins from pinned images': (stages) =>
    stages.map(({ image: from }) => from).filter((from) => from !== 'scratch' && !isPinned(from)),
  'has steps that are known': (stages) =>
    allSteps(stages)
      .map(({ keyword }) => keyword)
      .filter((keyword) => !KNOWN.includes(keyword)),
  'ends with neither a shell nor a package manager': image(
    (stage) => stage.image === 'scratch' && stepsOf(stage, 'RUN').length === 0,
  ),
  'runs as a user that is not root': image((stage) => {
    const { text = '' } = stepsOf(stage, 'USER').at(-1) ?? {};
    return /^\d+:\d+$/.test(text) && Number(text.split(':')[0]) >= UID_MIN;
  }),
  'starts the program itself': image(
    (stage) =>
      stepsOf(stage, 'ENTRYPOINT').every(({ text }) => text.startsWith('["/')) &&
      stepsOf(stage, 'ENTRYPOINT').length === 1,
  ),
  'has no secret': (stages) =>
    allSteps(stages)
      .filter(
        ({ keyword, words }) =>
          keyword === 'ENV' && words.some((word) => isSecretName(word.split('=')[0] ?? '')),
      )
      .map(({ text }) => text),
  'runs no script of a package': (stages) =>
    allSteps(stages)
      .filter(
        ({ text }) =>
          /\bnpm (?:ci|i|install)\b/.test(text) && !/npm ci\b.*--ignore-scripts/.test(text),
      )
      .map(({ text }) => text),
  'copies what there is': (stages, root) =>
    allSteps(stages)
      .filter(({ keyword }) => keyword === 'COPY')
      .flatMap((step) => copied(step).map(({ source }) => [step, source] as const))
      .filter(([{ from }, source]) =>
        from === null
          ? !existsSync(path.join(root, source))
          : !stages.some(({ name }) => name === from),
      )
      .map(([, source]) => source),
} as const satisfies Readonly<Record<string, Rule>>;
