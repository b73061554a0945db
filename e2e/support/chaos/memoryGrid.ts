/** A whole grid in this process: a real hub, real workers on real sockets, and stages that show every fault (`shapedStages`). */
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkerId } from '@potluck/protocol';
import type { GeneratorListener } from '../../../hub/generation/generator.ts';
import type { ReadyStage } from '../../../hub/pipelines/pipeline.ts';
import { startTestHub, testJoinToken, type TestHub } from '../../../hub/testing/testHub.ts';
import { askUntilAnswered } from '../askAgain.ts';
import type { Disturbance } from './chaosResult.ts';
import { FrailWorker } from './frailWorker.ts';
import { describeShaped } from './shapedStages.ts';
import { Switchboard } from './switchboard.ts';

const layers = 6;

export interface MemoryGridInit {
  stages: number;
  workers: number;
  stepMs: number;
  /** Whether a layer's rows depend on how many run together: such layers are replayed in the steps of the first time. */
  isShaped: (layer: number) => boolean;
}

export interface Question {
  prompt: number[];
  tokens: number;
  seed: number;
  temperature: number;
  /** How many answers. */
  choices: number;
  stream: boolean;
}

export interface GridAnswer extends Disturbance {
  /** Of the first choice. */
  tokens: readonly number[];
  texts: readonly string[];
  begunAnew: number;
}

export class MemoryGrid {
  /** The run of now. */
  hub: TestHub;
  readonly #recorded = new Map<string, Omit<GridAnswer, 'texts' | 'begunAnew'>>();
  #unlisten: () => void;
  readonly switchboard = new Switchboard();
  readonly workers: FrailWorker[];

  private constructor(hub: TestHub, { workers, stepMs, isShaped }: MemoryGridInit) {
    this.hub = hub;
    this.#unlisten = this.#listen();
    this.workers = Array.from(
      { length: workers },
      (_, index) =>
        new FrailWorker({
          ...{ hubUrl: hub.url, token: testJoinToken, name: `worker-${index}`, stepMs, isShaped },
          ...{ switchboard: this.switchboard, isRelayed: index % 4 === 3 },
        }),
    );
  }

  static async start(init: MemoryGridInit): Promise<MemoryGrid> {
    const model = { layers, width: 2, describe: describeShaped };
    const hub = await startTestHub({ model, stages: init.stages, leaseMs: 3000 });
    // What `testModel` names its graphs by.
    const names = Array.from({ length: layers }, (_, first) =>
      Array.from({ length: layers - first }, (__, more) => `${first}-${first + more}`),
    ).flat();
    for (const name of names) await hub.blobs.put(new TextEncoder().encode(name));
    const grid = new MemoryGrid(hub, init);
    await hub.served();
    return grid;
  }

  /** The hub is lost, and started again. @param awayMs how long nobody is there */
  async loseHub(awayMs: number): Promise<void> {
    this.#unlisten();
    await this.hub.kill();
    await pause(awayMs);
    this.hub = await this.hub.restart();
    this.#unlisten = this.#listen();
  }

  /** Stages of the pipeline that serves; none while it is put together again. */
  get serving(): readonly ReadyStage[] {
    return this.hub.deployment.ready?.stages ?? [];
  }

  worker(id: WorkerId): FrailWorker | undefined {
    return this.workers.find((worker) => worker.id === id);
  }

  /** @throws RefusedAnswer */
  async ask(question: Question): Promise<GridAnswer> {
    const { prompt, tokens, seed, temperature, choices, stream } = question;
    const body = { model: 'test-model', prompt, max_tokens: tokens, seed, temperature, n: choices, stream };
    const { id, texts, begunAnew } = await askUntilAnswered({
      url: this.hub.url,
      path: '/v1/completions',
      body,
    });
    // A stream ends before the stages have told their timings.
    await this.hub.generator.find(id)?.recorded;
    const ended = this.#recorded.get(id);
    this.#recorded.delete(id);
    if (!ended) throw new Error(`there is no record of the request ${id}`);
    return { ...ended, texts, begunAnew };
  }

  /** Whether a request was accepted that is over. */
  wasAccepted(id: string): boolean {
    return this.#recorded.delete(id);
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.kill();
    await this.hub.close();
  }

  /** Keeps what answers were made of, for `ask`. @returns a function that ends that */
  #listen(): () => void {
    const listener: GeneratorListener = {
      ended: ({ id, tokens }, { recovery, replays }) => {
        const { recomputedTokens = 0, pauseMs = 0, lost = [] } = recovery ?? {};
        this.#recorded.set(id, { tokens: [...tokens], replays, recomputedTokens, pauseMs, lost });
      },
    };
    return this.hub.generator.listen(listener);
  }
}
