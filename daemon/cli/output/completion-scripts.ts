/** Completion scripts of the shells, from a list of verbs. Where nothing of theirs fits they offer files. Pure. */

export interface Word {
  /** `['findings', 'export']`. */
  readonly path: readonly string[];
  readonly about: string;
  readonly options: readonly {
    readonly names: readonly string[];
    readonly about: string;
    readonly isValued: boolean;
    /** Empty where any value will do. */
    readonly choices: readonly string[];
  }[];
  /** What an argument may be, where that is a choice. */
  readonly words: readonly string[];
}

export type Shell = 'bash' | 'zsh' | 'fish';

export const SCRIPTS: Readonly<Record<Shell, (words: readonly Word[]) => string>> = {
  bash,
  zsh,
  fish,
};

const TOP = ['help', '--help', '--version'];

/** A verb is one word; a word of a verb, as `findings export`, is two. */
function verbsOf(words: readonly Word[]): readonly Word[] {
  return words.filter(({ path }) => path.length === 1);
}

function bash(words: readonly Word[]): string {
  const paths = words.map(({ path }) =>
    path.length === 1 ? `' ${path[0]}'` : `'${path.join(' ')}'`,
  );
  const values = words.flatMap(({ path, options }) =>
    options
      .filter(({ isValued }) => isValued)
      .map(({ names, choices }) => {
        const patterns = names.map((name) => `'${path.join(' ')} ${name}'`).join('|');
        return `    ${patterns}) words='${choices.join(' ')}' ;;`;
      }),
  );
  const names = words.map(({ path, options, words: own }) => {
    const flags = options.flatMap((option) => option.names).join(' ');
    return `        '${path.join(' ')}') flags='${flags}' words='${own.join(' ')}' ;;`;
  });
  const top = [...verbsOf(words).map(({ path }) => path[0]), ...TOP].join(' ');
  return `# faultline in bash. In ~/.bashrc: source <(faultline completion bash)
_faultline() {
  local word=\${COMP_WORDS[COMP_CWORD]} verb='' flags='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$verb \${COMP_WORDS[i]}" in
      ${paths.join('|')}) verb="\${verb:+$verb }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$verb \${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
    *)
      case "$verb" in
        '') words='${top}' flags="$words" ;;
${names.join('\n')}
      esac
      if [[ $word == -* ]]; then words=$flags; fi
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _faultline faultline`;
}

function zsh(words: readonly Word[]): string {
  const about = (text: string): string =>
    text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
  const verbs = verbsOf(words).map(({ path, about: text }) => `    '${path[0]}:${about(text)}'`);
  const cases = [...words].reverse().map(({ path, options, words: own }) => {
    const specs = options.flatMap(({ names, about: text, isValued, choices }) =>
      names.map((name) => {
        const offered = choices.length === 0 ? '_files' : `(${choices.join(' ')})`;
        return `'*${name}[${about(text)}]${isValued ? `:value:${offered}` : ''}'`;
      }),
    );
    const rest = own.length === 0 ? '_files' : `{compadd -- ${own.join(' ')} || _files}`;
    const pattern = path.length === 1 ? `'${path[0]} '*` : `'${path.join(' ')} '*`;
    return `    ${pattern}) shift ${path.length} words; (( CURRENT -= ${path.length} ))
      _arguments ${[...specs, `'*:word:${rest}'`].join(' \\\n        ')} ;;`;
  });
  return `#compdef faultline
# faultline in zsh. In ~/.zshrc, behind compinit: source <(faultline completion zsh)
_faultline() {
  local -a verbs=(
${verbs.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  case "\${(j: :)words[2,CURRENT-1]} " in
${cases.join('\n')}
  esac
}
compdef _faultline faultline`;
}

function fish(words: readonly Word[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
  const lines = words.flatMap(({ path, about, options, words: own }) => {
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const head = `complete -c faultline -n ${quoted(seen)}`;
    const verb =
      path.length > 1
        ? []
        : [`complete -c faultline -n __fish_use_subcommand -f -a ${path[0]} -d ${quoted(about)}`];
    const flags = options.map(({ names, about: text, isValued, choices }) => {
      const given = names.map((name) =>
        name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
      );
      const value = !isValued
        ? ''
        : choices.length === 0
          ? ' -r'
          : ` -x -a ${quoted(choices.join(' '))}`;
      return `${head} ${given.join(' ')} -d ${quoted(text)}${value}`;
    });
    const offered = own.length === 0 ? [] : [`${head} -a ${quoted(own.join(' '))}`];
    return [...verb, ...flags, ...offered];
  });
  return [
    '# faultline in fish. In ~/.config/fish/config.fish: faultline completion fish | source',
    ...lines,
  ].join('\n');
}
