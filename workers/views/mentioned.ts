/** Definitions that a text mentions, and those that these mention. */

/** A name, unless it is a field. */
const NAME = /(?<![.\w])[A-Za-z_]\w*/g;

export function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.match(NAME));
}

/** `KIND` of `KIND(e)`. */
function bareName(name: string): string {
  return name.replace(/\(.*/, '');
}

/** The definitions by their bare names that are mentioned, each behind those that it mentions. */
export function mentionedIn(
  text: string,
  definitions: Readonly<Record<string, string>>,
): readonly string[] {
  const byName = new Map(Object.keys(definitions).map((name) => [bareName(name), name]));
  const found = new Set<string>();
  const visit = (part: string): void => {
    for (const bare of namesIn(part)) {
      const name = byName.get(bare);
      if (name === undefined || found.has(name)) continue;
      const definition = definitions[name] ?? '';
      // A definition names itself.
      byName.delete(bare);
      visit(definition);
      found.add(name);
    }
  };
  visit(text);
  return [...found];
}
