/** A whole grid in this process: a real hub, real workers on real sockets, and stages that show every fault (`shapedStages`). */
import type { WorkerId } from '@potluck/protocol';
import type { GeneratorListener } from '../../../hub/generation/generator.ts';
import type { ReadyStage } from '../../../hub/pipelines/pipeline.ts';
import { startTestHub, testJoinToken, type TestHub } from '../../../hub/testing/testHub.ts';
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
}

export interface GridAnswer extends Disturbance {
  tokens: readonly number[];
  text: string;
}

/** An answer that ended with an error of the API. */
export class RefusedAnswer extends Error {
  override name = 'RefusedAnswer';
  /** True where it had been accepted. */
  readonly wasAccepted: boolean;

  constructor(message: string, wasAccepted: boolean) {
    super(message);
    this.wasAccepted = wasAccepted;
  }
}

export class MemoryGrid {
  readonly hub: TestHub;
  readonly switchboard = new Switchboard();
  readonly workers: FrailWorker[];

  private constructor(hub: TestHub, { workers, stepMs, isShaped }: MemoryGridInit) {
    this.hub = hub;
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

  /** Stages of the pipeline that serves; none while it is put together again. */
  get serving(): readonly ReadyStage[] {
    return this.hub.deployment.ready?.stages ?? [];
  }

  worker(id: WorkerId): FrailWorker | undefined {
    return this.workers.find((worker) => worker.id === id);
  }

  /** @throws RefusedAnswer */
  async ask(question: Question): Promise<GridAnswer> {
    const { prompt, tokens, seed, temperature } = question;
    const response = await fetch(`${this.hub.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'test-model', prompt, max_tokens: tokens, seed, temperature }),
    });
    const id = response.headers.get('x-request-id') ?? '';
    const ended = this.#recorded.get(id);
    this.#recorded.delete(id);
    const body = (await response.json()) as {
      choices?: { text: string }[];
      error?: { code: string; message: string };
    };
    const text = body.choices?.[0]?.text;
    if (text === undefined || !ended) {
      const message = `${response.status} ${body.error?.code ?? ''}: ${body.error?.message ?? id}`;
      throw new RefusedAnswer(message, ended !== undefined);
    }
    return { ...ended, text };
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.kill();
    await this.hub.close();
  }

  readonly #recorded = new Map<string, Omit<GridAnswer, 'text'>>();

  /** Keeps what answers were made of, for `ask`. */
  listen(): void {
    const listener: GeneratorListener = {
      ended: ({ id, tokens }, { recovery, replays }) => {
        const { recomputedTokens = 0, pauseMs = 0, lost = [] } = recovery ?? {};
        this.#recorded.set(id, { tokens: [...tokens], replays, recomputedTokens, pauseMs, lost });
      },
    };
    this.hub.generator.listen(listener);
  }
}
