/** However noisy measurements are: equals are left alone, and a device that is lastingly slow is left soon. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { puppetGrid, settled, type PuppetGrid, type PuppetWorker } from '../testing/puppetGrid.ts';
import { seededRandom } from '../testing/seededRandom.ts';
import { sizedModel } from '../testing/sizedModel.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 2.5e7, cacheBytes: 100 });
const weightBytes = 1e8;
const second = 1000;
const minute = 60 * second;
const answerEveryMs = 20 * second;

interface Device {
  puppet: PuppetWorker;
  /** What a token takes there when it is tried, with nothing else to do. */
  triedMs: number;
  handled: number;
}

interface Noise {
  seed: number;
  /** How many times as long a token takes in answers. */
  traffic: number;
  /** Up to so many times as long it takes in an answer as in another one, and while other programs run. */
  answers: number;
  bursts: number;
  /** The same of trials. */
  trials: number;
}

class NoisyGrid {
  readonly grid: PuppetGrid = puppetGrid();
  readonly devices: Device[] = [];
  readonly #noise: Noise;
  readonly #random: () => number;
  #burst = { load: 1, until: 0 };
  #epoch = 0;
  /** When the model went to other workers. */
  readonly moves: number[] = [];

  constructor(noise: Noise) {
    this.#noise = noise;
    this.#random = seededRandom(noise.seed);
  }

  async join(name: string, triedMs: number): Promise<void> {
    const puppet = this.grid.worker(name, 1e9, false);
    this.devices.push({ puppet, triedMs, handled: 0 });
    puppet.join();
    await this.#settle();
  }

  async deploy(): Promise<void> {
    this.grid.deployments.deploy(model, { mode: 'automatic', replicas: 1 });
    await this.pass(minute / 2);
    this.moves.length = 0;
  }

  /** @returns the device that serves */
  get place(): string | undefined {
    return this.#serving?.puppet.name;
  }

  /** Nobody asks. */
  async pass(milliseconds: number): Promise<void> {
    const steps = Math.max(1, Math.round(milliseconds / (10 * second)));
    for (let step = 0; step < steps; step++) {
      this.grid.clock.advance(milliseconds / steps);
      await this.#settle();
    }
  }

  /** Answers follow each other. */
  async answer(milliseconds: number, isOver: () => boolean = () => false): Promise<void> {
    const until = this.grid.clock.now() + milliseconds;
    while (this.grid.clock.now() < until && !isOver()) {
      const replica = this.grid.deployments.list[0]?.replicas[0];
      const device = this.#serving;
      if (!replica || !device) {
        await this.pass(second);
        continue;
      }
      const end = this.grid.deployments.use(replica.id);
      await this.pass(answerEveryMs);
      this.#measured(device, 'served');
      end(100);
      await this.#settle();
    }
  }

  get #serving(): Device | undefined {
    const [stage] = this.grid.deployments.list[0]?.replicas[0]?.ready?.stages ?? [];
    return this.devices.find(({ puppet }) => puppet.id === stage?.workerId);
  }

  /** Workers do what they are told; what they tried is known before they are ready. */
  async #settle(): Promise<void> {
    await settled();
    for (let isDone = false; !isDone;) {
      isDone = true;
      for (const device of this.devices) {
        for (const message of device.puppet.received.slice(device.handled)) {
          device.handled++;
          isDone = false;
          if (message.type === 'assign') {
            this.#measured(device, 'tried');
            device.puppet.report(message.assignmentId, 'ready', { cacheBytes: 1e6 });
          }
          if (message.type === 'release') device.puppet.report(message.assignmentId, 'released');
        }
      }
      if (!isDone) await settled();
    }
    const epoch = this.grid.deployments.list[0]?.replicas[0]?.ready?.epoch;
    if (epoch === undefined || epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.moves.push(this.grid.clock.now());
  }

  #measured({ puppet, triedMs }: Device, source: 'served' | 'tried'): void {
    const { traffic, answers, trials } = this.#noise;
    const at = this.grid.clock.now();
    const noise = (source === 'tried' ? trials : answers) ** (this.#random() - 0.5);
    const load = source === 'tried' ? 1 : traffic * this.#loadAt(at);
    const milliseconds = triedMs * noise * load;
    this.grid.speeds.measured(puppet, { model: model.package.id, weightBytes, milliseconds, source, at });
  }

  /** Wherever it serves: busy for some minutes, then quiet for longer. */
  #loadAt(now: number): number {
    if (now >= this.#burst.until) {
      const isBusy = this.#burst.load === 1 && this.#random() < 0.5;
      this.#burst = {
        load: isBusy ? this.#noise.bursts : 1,
        until: now + (isBusy ? 1 : 2) * (1 + 4 * this.#random()) * minute,
      };
    }
    return this.#burst.load;
  }
}

const seed = fc.integer({ min: 0, max: 2 ** 30 });
const traffic = fc.double({ min: 1, max: 6, noNaN: true });
/** The same cases in every run: what is rare would fail once in a while. */
const runs = { seed: 13, numRuns: 12 };

test('among equals, it moves twice in an hour at most', async () => {
  const noise = fc.record({
    ...{ seed, traffic, bursts: fc.double({ min: 1, max: 3, noNaN: true }) },
    ...{ answers: fc.constant(3), trials: fc.constant(3) },
  });
  await fc.assert(
    fc.asyncProperty(noise, fc.integer({ min: 2, max: 4 }), async (noise, count) => {
      const grid = new NoisyGrid(noise);
      for (let index = 0; index < count; index++) await grid.join(`worker-${index}`, 20);
      await grid.deploy();
      await grid.answer(60 * minute);
      expect(grid.moves.length).toBeLessThanOrEqual(2);
    }),
    runs,
  );
});

test('a device that is three times as fast is used within minutes after it has come', async () => {
  const noise = fc.record({
    ...{ seed, traffic, answers: fc.constant(3), bursts: fc.constant(1), trials: fc.constant(1.5) },
  });
  await fc.assert(
    fc.asyncProperty(noise, fc.nat(10), async (noise, before) => {
      const grid = new NoisyGrid(noise);
      for (const name of ['one', 'two']) await grid.join(name, 60);
      await grid.deploy();
      await grid.answer(before * minute);
      await grid.join('fast', 20);
      await grid.answer(12 * minute, () => grid.place === 'fast');
      expect(grid.place).toBe('fast');
      const moves = grid.moves.length;
      await grid.answer(30 * minute);
      expect(grid.moves).toHaveLength(moves);
    }),
    runs,
  );
});

test('a device that serves and is four times as slow as another one is left within minutes', async () => {
  const noise = fc.record({
    ...{ seed, traffic, answers: fc.constant(3), bursts: fc.constant(3), trials: fc.constant(1.5) },
  });
  await fc.assert(
    fc.asyncProperty(noise, async (noise) => {
      const grid = new NoisyGrid(noise);
      await grid.join('slow', 80);
      await grid.deploy();
      await grid.join('fast', 20);
      await grid.answer(6 * minute, () => grid.place === 'fast');
      expect(grid.place).toBe('fast');
    }),
    runs,
  );
});
