/** Commands for a machine, made of the one by which it joins as a worker: `npx … URL.tgz worker --hub … --token …`. */

/** What runs the package of this hub, and the word after it. */
const asWorker = /^(npx .*?\.tgz'? )worker /;

/** The same machine, but with headless browsers. */
export function browsersCommand(command: string): string {
  return `${command.replace(asWorker, '$1browsers ')} --count 1`;
}

/** The same package, but the worker waits for the hub. @param command undefined where the hub names none */
export function listeningCommand(command: string | undefined, port: number): string {
  const program = asWorker.exec(command ?? '')?.[1] ?? /* @wc-ignore */ 'npx potluck ';
  return `${program}worker --listen ${port} --token SECRET`;
}
