/** What a process that the hub starts sees of the hub's environment, which also holds its passwords and keys. */

/** @returns those variables of `from` whose names match: names differ in case between systems */
export function childEnvironment(names: RegExp, from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.test(name)));
}
