/** Those fields in which two states differ, with their values in the second. */
export function changedFields<State extends object, Name extends keyof State>(
  from: State,
  to: State,
  names: readonly Name[],
): Partial<Pick<State, Name>> {
  const changed = names.filter((name) => from[name] !== to[name]);
  return Object.fromEntries(changed.map((name) => [name, to[name]])) as Partial<Pick<State, Name>>;
}
