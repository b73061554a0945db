/** Whatever happens, in whatever order: nothing throws, what must be true stays true, and the models are served in the end. */
import { randomUUID } from 'node:crypto';
import type { AssignmentId, StageState } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PipelineInvariants } from '../testing/pipelineInvariants.ts';
import { puppetGrid, settled, type PuppetGrid, type PuppetWorker } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';
import { DeploymentError } from './deploymentError.ts';

const workerCount = 5;
const cuts = { pending: 0, fails: false };
const models = ['one', 'two'].map((name) => {
  const model = sizedModel({ name, layers: 6, layerBytes: 1e8, cacheBytes: 100 }, cuts);
  return {
    ...model,
    cutStage: (first: number, last: number) =>
      cuts.fails ? Promise.reject(new Error('disk full')) : model.cutStage(first, last),
  };
});

const worker = fc.nat(workerCount - 1);
const model = fc.nat(1);
const happening = fc.oneof(
  fc.record({ do: fc.constant('join' as const), worker, anew: fc.boolean() }),
  fc.record({ do: fc.constantFrom('leave' as const, 'leaving' as const), worker }),
  fc.record({
    do: fc.constant('mode' as const),
    worker,
    mode: fc.constantFrom('active' as const, 'paused' as const, 'draining' as const),
  }),
  fc.record({
    ...{ do: fc.constant('report' as const), worker, which: fc.nat(20) },
    state: fc.constantFrom<StageState[]>('downloading', 'compiling', 'ready', 'ready', 'failed', 'released'),
    cacheBytes: fc.constantFrom(undefined, 0, 1e6, Number.MAX_SAFE_INTEGER),
  }),
  fc.record({ do: fc.constant('stray' as const), worker }),
  fc.record({
    ...{ do: fc.constant('deploy' as const), model, replicas: fc.integer({ min: 1, max: 3 }) },
    stages: fc.constantFrom(undefined, 1, 2, 3, 99),
    revision: fc.constantFrom('current', 'old'),
  }),
  fc.record({
    do: fc.constantFrom('undeploy' as const, 'answer' as const, 'suspect' as const, 'replace' as const),
    model,
    worker,
  }),
  fc.record({
    do: fc.constantFrom('wait' as const, 'sleep' as const),
    ms: fc.constantFrom(10, 3000, 20_000, 200_000),
  }),
  fc.record({ do: fc.constant('disk' as const), isFull: fc.boolean() }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

interface World extends PuppetGrid {
  workers: PuppetWorker[];
  /** Ends of answers that run. */
  answers: (() => void)[];
}

function world(): World {
  const grid = puppetGrid({ standbyShare: 0.7 });
  const workers = Array.from({ length: workerCount }, (_, index) =>
    grid.worker(String(index), 5e8 + 1e8 * index, false),
  );
  return { ...grid, workers, answers: [] };
}

function happen({ clock, registry, nodes, deployments, workers, answers }: World, one: Happening): void {
  const puppet = 'worker' in one ? (workers[one.worker] as PuppetWorker) : (workers[0] as PuppetWorker);
  const deployed = 'model' in one ? models[one.model] : undefined;
  const replica = deployed && deployments.find(deployed.package.id)?.replicas[0];
  switch (one.do) {
    case 'join':
      if (deployments.grid.workers.has(puppet.id)) return;
      if (one.anew) puppet.startAnew();
      return puppet.join();
    case 'leave':
      return puppet.leave();
    case 'leaving':
      return registry.leaving(puppet.id);
    case 'mode':
      return nodes.change(puppet.id, { mode: one.mode });
    case 'report': {
      const assign = puppet.assigned.at(-1 - (one.which % Math.max(1, puppet.assigned.length)));
      const cacheBytes = one.cacheBytes === undefined ? {} : { cacheBytes: one.cacheBytes };
      if (assign) puppet.report(assign.assignmentId, one.state, { ...cacheBytes, reason: 'a reason' });
      return;
    }
    case 'stray':
      return puppet.report(randomUUID() as AssignmentId, 'ready');
    case 'deploy': {
      if (!deployed) return;
      const plan =
        one.stages === undefined
          ? ({ mode: 'automatic', replicas: one.replicas } as const)
          : ({ mode: 'shards', count: one.stages, replicas: one.replicas } as const);
      const present = deployments.find(deployed.package.id)?.revision;
      return refusedAtMost(() => deployments.deploy(deployed, plan, one.revision === 'old' ? 1 : present));
    }
    case 'undeploy':
      return refusedAtMost(() => deployments.undeploy(deployed?.package.id ?? ''));
    case 'replace':
      if (deployed)
        deployments.replaceModel({ ...deployed, package: { ...deployed.package, notes: [randomUUID()] } });
      return;
    case 'answer':
      if (replica?.ready) answers.push(deployments.use(replica.id));
      if (answers.length > 2) answers.shift()?.();
      return;
    case 'suspect':
      if (replica) deployments.suspect(replica.id, [puppet.id], replica.pipeline?.epoch ?? 0);
      return;
    case 'wait':
      return clock.advance(one.ms);
    case 'sleep':
      return clock.jump(one.ms);
    case 'disk':
      cuts.fails = one.isFull;
  }
}

function refusedAtMost(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
  }
}

test('whatever happens, the invariants hold, and once all is well every model is served', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 60 }), async (happenings) => {
      const all = world();
      const { clock, registry, nodes, deployments, workers } = all;
      const invariants = new PipelineInvariants();
      cuts.fails = false;
      for (const one of happenings) {
        happen(all, one);
        await settled();
        invariants.check(deployments.state, registry.table, clock.now());
      }
      cuts.fails = false;
      for (const end of all.answers) end();
      for (const puppet of workers) {
        puppet.isHealthy = true;
        puppet.leave();
        puppet.startAnew();
        puppet.join();
        nodes.change(puppet.id, { mode: 'active' });
      }
      for (const one of models) {
        const { revision } = deployments.find(one.package.id) ?? {};
        deployments.deploy(one, { mode: 'automatic', replicas: 1 }, revision);
      }
      for (let turn = 0; turn < 40; turn++) {
        clock.advance(10_000);
        await settled();
        invariants.check(deployments.state, registry.table, clock.now());
      }
      expect(deployments.list.map(({ replicas }) => replicas[0]?.missing)).toEqual([undefined, undefined]);
    }),
    { numRuns: 150 },
  );
});
