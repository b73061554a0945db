import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { HowLeft } from '../workers/workerRegistry.ts';
import { puppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });
const [info, warn] = [30, 40];

/** What the log says of the end of a pipeline that serves. */
async function ends(end: (grid: ReturnType<typeof puppetGrid>, leave: (how: HowLeft) => void) => void) {
  const lines: { level: number; msg: string; reason?: string }[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as (typeof lines)[number]);
  const grid = puppetGrid({ logger: pino({}, { write }) });
  const worker = grid.worker('one', 1e9);
  worker.join();
  grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 });
  await grid.pass(1000);
  expect(lines.map(({ msg }) => msg)).toContain('the model is served');
  end(grid, (how) => worker.leave(how));
  await grid.pass(1000);
  return lines.filter(({ msg }) => /^the pipeline/.test(msg)).map(({ level, msg }) => [level, msg]);
}

test('what somebody wanted to end is told as no loss', async () => {
  expect(await ends(({ deployments }) => deployments.stop())).toEqual([[info, 'the pipeline ends']]);
  expect(await ends((_, leave) => leave('left'))).toEqual([[info, 'the pipeline ends']]);
  expect(await ends((_, leave) => leave('disconnected'))).toEqual([[warn, 'the pipeline is lost']]);
});
