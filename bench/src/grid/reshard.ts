/** What workers fetch when a model is cut into more stages, and how long that takes. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Deployment, DeploymentPreview } from '@potluck/api';
import { changeSettings } from '../../../e2e/support/changeSettings.ts';
import type { BenchModel } from '../compare.ts';
import { startGridOfProcesses, type GridOfProcesses } from './workers.ts';

export interface ReshardRow {
  from: number;
  to: number;
  /** Of the model's weights, in bytes. */
  'weight bytes': number;
  /** What the workers had on their disks more afterwards. */
  'bytes moved': number;
  'of the weights': number;
  /** What the hub's preview said. */
  'bytes foretold': number;
  /** From the order until the new stages serve, in milliseconds. */
  'ms until served': number;
}

/** Workers serve a model, a further one joins, and the model is cut into one stage more. */
export async function measureReshard(
  model: Pick<BenchModel, 'directory'>,
  stages: readonly number[],
): Promise<ReshardRow[]> {
  const rows: ReshardRow[] = [];
  for (const from of stages) rows.push(await reshard(model, from, from + 1));
  return rows;
}

async function reshard(model: Pick<BenchModel, 'directory'>, from: number, to: number): Promise<ReshardRow> {
  await using grid = await startGridOfProcesses({
    modelDirectory: model.directory,
    stages: from,
    workers: to,
  });
  // What stands by loads stages, too.
  await changeSettings(grid.hub, { standbyShare: 0 });
  const { deployments } = await call<{ deployments: Deployment[] }>(grid, 'GET', '/api/deployments');
  const [deployment] = deployments;
  if (!deployment) throw new Error('the hub serves no model');
  const weightBytes = sum(stagesOf(deployment).map((stage) => stage.weightBytes ?? 0));
  const plan = { mode: 'shards', count: to, replicas: 1 };
  const wanted = { model: deployment.model, revision: deployment.revision, plan };
  const preview = await call<DeploymentPreview>(grid, 'POST', '/api/deployments/preview', wanted);
  const before = await bytesOnDisks(grid);
  const began = performance.now();
  await call(grid, 'PUT', '/api/deployments', wanted);
  for (;;) {
    const now = await call<{ deployments: Deployment[] }>(grid, 'GET', '/api/deployments');
    const stages = now.deployments.flatMap(stagesOf);
    if (stages.length === to && stages.every(({ state }) => state === 'ready')) break;
    await pause(50);
  }
  const servedMs = performance.now() - began;
  const moved = (await bytesOnDisks(grid)) - before;
  return {
    ...{ from, to, 'weight bytes': weightBytes, 'bytes moved': moved, 'of the weights': moved / weightBytes },
    ...{ 'bytes foretold': preview.bytesToMove, 'ms until served': servedMs },
  };
}

const stagesOf = ({ replicas }: Deployment): Deployment['replicas'][number]['stages'] =>
  replicas.flatMap(({ stages }) => stages);
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

async function bytesOnDisks({ workers }: GridOfProcesses): Promise<number> {
  const sizes = [...workers.values()].map(async ({ dataDirectory }) => {
    const folder = join(dataDirectory, 'blobs');
    return sum(
      await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size)),
    );
  });
  return sum(await Promise.all(sizes));
}

async function call<Result>(
  { hub }: GridOfProcesses,
  method: string,
  path: string,
  body?: object,
): Promise<Result> {
  const response = await fetch(hub.url + path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Result;
}
