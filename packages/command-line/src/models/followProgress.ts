/** Says how an import or a deployment goes, until it is over. */
import { formatBytes, type Import, type LiveEvent } from '@potluck/api';
import { CommandError } from '../hub/hubClient.ts';
import { ownCommand } from '../ownCommand.ts';

type Print = (line: string) => void;

/** Follows an import to its end. @returns the model's id. @throws CommandError with the hub's words if it failed */
export async function followImport(
  events: AsyncIterable<LiveEvent>,
  id: string,
  print: Print,
): Promise<string> {
  let said = '';
  for await (const event of events) {
    const one = importIn(event, id);
    if (!one) continue;
    if (one.state === 'failed') throw new CommandError(whyFailed(one));
    const line = describe(one);
    if (line !== said) print(line);
    said = line;
    if (one.state === 'done') return one.model ?? one.source;
    if (one.state === 'paused') throw new CommandError(`The import of ${one.source} was paused.`);
  }
  throw new CommandError('The hub went away; the import may still be going on.');
}

/** Follows a deployment until it serves. */
export async function followDeployment(
  events: AsyncIterable<LiveEvent>,
  model: string,
  print: Print,
): Promise<void> {
  let said = '';
  for await (const event of events) {
    const all =
      event.type === 'snapshot'
        ? event.snapshot.deployments
        : event.type === 'deployment'
          ? [event.deployment]
          : [];
    const one = all.find((deployment) => deployment.model === model);
    if (one?.ready && one.replicas.every(({ missing }) => missing === null)) {
      print(`served by ${one.replicas.flatMap(({ route }) => route ?? []).join(' and ')}`);
      return;
    }
    if (one?.missing && one.missing !== said) print(one.missing);
    said = one?.missing ?? said;
  }
}

function importIn(event: LiveEvent, id: string): Import | undefined {
  if (event.type === 'import') return event.import.id === id ? event.import : undefined;
  return event.type === 'snapshot' ? event.snapshot.imports.find((one) => one.id === id) : undefined;
}

const notThere = new Set(['repository_not_found', 'repository_gated']);

/** What the hub says of it, and how to find the name of a model that is not there. */
function whyFailed({ source, error }: Import): string {
  if (!error) return 'The import failed.';
  if (!notThere.has(error.code)) return error.message;
  const words = source.split('/').at(-1);
  return `${error.message} To look for a model: \`${ownCommand} models search ${words}\`.`;
}

/** In steps of ten percent: a log stays short. */
function describe({ state, doneBytes, totalBytes }: Import): string {
  if (state !== 'downloading' && state !== 'importing') return state;
  if (!totalBytes) return `${state} …`;
  const tenths = Math.floor((10 * doneBytes) / totalBytes);
  return `${state} ${tenths * 10} % of ${formatBytes(totalBytes)}`;
}
