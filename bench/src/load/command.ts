/** `npm run bench -- hub`: a thousand simulated workers and hundreds of answers at once, on one hub or on several. */
import { Command } from 'commander';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { untilServed } from '../../../e2e/support/hubProcess.ts';
import { builtInModelDirectory } from '../../../hub/models/builtInModel.ts';
import { describeMachine } from '../machine.ts';
import { numbers } from '../options.ts';
import { writeResults } from '../results.ts';
import { markdownTable } from '../table.ts';
import { startLoadedHubs } from './loadedHub.ts';
import { measureIdle, measureLoad, type MeasuredLoad } from './measureLoad.ts';
import { startSimulatedGrid } from './simulatedGrid.ts';

interface Options {
  hubs: number;
  workers: number;
  replicas: number;
  streams: number[];
  tokensPerSecond: number;
  seconds: number;
  minutes?: number;
  answerTokens?: number;
  port: number;
  profiles?: string;
  out: string;
}

export const hubCommand = new Command('hub')
  .description('Measure what a streamed token costs the hub, with simulated workers that compute nothing')
  .option(
    '--hubs <count>',
    'that serve the grid together; each is asked as often, and has as many workers',
    Number,
    1,
  )
  .option('--workers <count>', 'workers that join', Number, 1000)
  .option('--replicas <count>', 'of these, how many serve the model', Number, 10)
  .option('--streams <counts>', 'answers at a time', numbers, [1, 300])
  .option('--tokens-per-second <count>', 'of each answer', Number, 10)
  .option('--seconds <seconds>', 'how long each number of answers is measured', Number, 20)
  .option('--minutes <minutes>', 'the same for the last number, to see how the memory grows', Number)
  .option(
    '--answer-tokens <count>',
    'of one answer, after which its client asks for the next (default: answers last as long as they are measured)',
    Number,
  )
  .option('--port <port>', 'port for the hub; further ones have the next', Number, 8740)
  .option('--profiles <folder>', 'where a profile of the hub goes (default: none is made)')
  .option('--out <file>', 'where the figures go as JSON', 'bench/results/hub.json')
  .action(run);

const text = 'The mill by the river is old, and its wheel turns in the morning when the water is high. ';

async function run(options: Options): Promise<void> {
  const { workers, replicas, streams, tokensPerSecond, seconds, minutes, answerTokens } = options;
  const { port, profiles, out } = options;
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
  const machine = describeMachine(['hono', '@hono/node-server', 'ws']);
  console.log(markdownTable([{ ...machine, load: loadavg()[0], command }]));
  const ports = Array.from({ length: options.hubs }, (_, index) => port + index);
  await using started = await startLoadedHubs({ ports, model: builtInModelDirectory(), profiles });
  const { hubs, joinToken } = started;
  const [hub] = hubs;
  const send = async (method: string, path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${hub.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const models = (await (await fetch(`${hub.url}/v1/models`)).json()) as { data: { id: string }[] };
  const model = models.data[0]?.id ?? '';
  const { tokens } = (await send('POST', '/tokenize', { content: text })) as { tokens: number[] };
  await send('PUT', '/api/deployments', { model, plan: { mode: 'automatic', replicas }, revision: 1 });
  await hub.use();
  const urls = hubs.map(({ url }) => url);
  using grid = await startSimulatedGrid({ urls, joinToken, workers, tokens });
  await pause(2000);
  const joining = await hub.use();
  console.log(
    `\n${workers} workers joined: longest turn ${joining.turn.max.toFixed(1)} ms of processor time`,
  );
  await untilServed(hub.url);
  const measured: MeasuredLoad[] = [];
  for (const [index, count] of streams.entries()) {
    const isLast = index === streams.length - 1;
    const lasting = isLast && minutes !== undefined ? 60 * minutes : seconds;
    const load = { model, streams: count, tokensPerSecond, seconds: lasting, answerTokens };
    measured.push(await measureLoad(hubs, grid, load));
  }
  const rows = measured.flatMap((one) => one.rows);
  console.log(markdownTable(rows));
  const idle = await measureIdle(hub, 5);
  console.log(`\nwithout answers: ${idle.cpuMs.toFixed(1)} ms of processor time a second`);
  console.log(`workers left: ${workers - grid.count}; load of the machine: ${loadavg()[0]?.toFixed(1)}`);
  await writeResults(out, { machine, command, joining, idle, measured });
}
