/** Our side: a real hub with local workers, asked over HTTP as any client asks. */
import { ask, type GridMeasurement } from './ask.ts';
import { startHub } from '../../e2e/support/hubProcess.ts';

/** A hub that serves one model with a fixed number of stages. */
export interface Grid {
  stages: number;
  generate(prompt: string, newTokens: number): Promise<GridMeasurement>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws if the hub does not get ready, with what it said */
export async function startGrid(options: {
  modelDirectory: string;
  stages: number;
  threads: number;
  port: number;
  /** As `potluck worker --device` takes it. */
  device: string;
}): Promise<Grid> {
  const { modelDirectory, stages, threads, port, device } = options;
  await using starting = new AsyncDisposableStack();
  const hub = starting.use(
    await startHub({
      port,
      flags: [
        ...['--model', modelDirectory, '--stages', String(stages)],
        ...['--local-workers', String(stages), '--threads', String(threads), '--log-level', 'warn'],
      ],
      env: { POTLUCK_DEVICE: device },
    }),
  );
  const running = starting.move();
  return {
    stages,
    generate: (prompt, newTokens) => ask(hub.url, prompt, newTokens),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
