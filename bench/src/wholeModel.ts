/**
 * The other side of the comparison, in a process of its own: the whole model with @huggingface/transformers in Node,
 * as its documentation runs it. Started by `startWholeModel`; speaks over the IPC channel.
 */
import { AutoModelForCausalLM, BaseStreamer, env, Tensor } from '@huggingface/transformers';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { medianStep } from './statistics.ts';

/** What one generation took. */
export interface Measurement {
  /** From the call (or request) to the first token, in milliseconds. */
  firstTokenMs: number;
  /** Median time between tokens after the first, in milliseconds. */
  tokenMs: number;
  tokens: number[];
}

interface Job {
  promptIds: number[];
  newTokens: number;
}

/** A child process that holds the whole model. */
export interface WholeModel {
  generate(job: Job): Promise<Measurement>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Loads `onnx/model.onnx` of a directory in the Hugging Face layout. */
export async function startWholeModel(directory: string, threads: number): Promise<WholeModel> {
  const child = fork(new URL(import.meta.url), [directory, String(threads)], { serialization: 'advanced' });
  await message(child);
  return {
    async generate(job) {
      const answer = message<Measurement>(child);
      child.send(job);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function message<T>(child: ChildProcess): Promise<T> {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    const [value] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`the process with the whole model ended with ${String(code)}`);
      }),
    ])) as [T];
    return value;
  } finally {
    waiting.abort();
  }
}

/** Notes when each token came. */
class Stopwatch extends BaseStreamer {
  readonly times: number[] = [];
  readonly tokens: number[] = [];
  #prompt = true;

  override put(value: bigint[][]): void {
    // The first call brings the prompt.
    if (this.#prompt) {
      this.#prompt = false;
      return;
    }
    this.times.push(performance.now());
    this.tokens.push(...(value[0] ?? []).map(Number));
  }

  override end(): void {
    // Nothing is held back.
  }
}

async function serve(directory: string, threads: number): Promise<void> {
  env.allowRemoteModels = false;
  const model = await AutoModelForCausalLM.from_pretrained(directory, {
    local_files_only: true,
    device: 'cpu',
    dtype: 'fp32',
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  });
  const run = async ({ promptIds, newTokens }: Job): Promise<Measurement> => {
    const shape = [1, promptIds.length];
    const stopwatch = new Stopwatch();
    const start = performance.now();
    await model.generate({
      inputs: new Tensor('int64', BigInt64Array.from(promptIds, BigInt), shape),
      attention_mask: new Tensor('int64', new BigInt64Array(promptIds.length).fill(1n), shape),
      max_new_tokens: newTokens,
      do_sample: false,
      streamer: stopwatch,
    } as unknown as Parameters<typeof model.generate>[0]);
    const [first = Number.NaN] = stopwatch.times;
    return { firstTokenMs: first - start, tokenMs: medianStep(stopwatch.times), tokens: stopwatch.tokens };
  };
  process.on('message', (job: Job) => {
    void run(job).then((measurement) => process.send?.(measurement));
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('loaded');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await serve(process.argv[2] ?? '', Number(process.argv[3] ?? 1));
}
