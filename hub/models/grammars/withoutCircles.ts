/**
 * Names of rules that never come back to themselves, nor name one that does or that is not here. In time linear in the
 * grammar. Pure.
 * @param rules each with the rules that it names
 */
export function withoutCircles(
  rules: Iterable<readonly [name: string, names: readonly string[]]>,
): Set<string> {
  const found = new Set<string>();
  /** How many of a rule's own rules are not found yet, and who waits for a rule. */
  const open = new Map<string, number>();
  const waiting = new Map<string, string[]>();
  const ready: string[] = [];
  for (const [name, names] of rules) {
    const named = new Set(names);
    open.set(name, named.size);
    if (named.size === 0) ready.push(name);
    for (const one of named) {
      const users = waiting.get(one) ?? [];
      users.push(name);
      waiting.set(one, users);
    }
  }
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    found.add(name);
    for (const user of waiting.get(name) ?? []) {
      const left = (open.get(user) ?? 0) - 1;
      open.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  return found;
}
