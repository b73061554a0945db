/**
 * The other side of the comparison, in a process of its own: the whole model with @huggingface/transformers in Node,
 * as its documentation runs it. Started by `startWholeModel`; speaks over the IPC channel.
 */
import { AutoModelForCausalLM, env } from '@huggingface/transformers';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { generateWhole, type Job, type Measurement } from './generateWhole.ts';

/** A child process that holds the whole model. */
export interface WholeModel {
  generate(job: Job): Promise<Measurement>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface WholeModelInit {
  /** In the Hugging Face layout; its `onnx/model.onnx` is loaded. */
  directory: string;
  threads: number;
  device: 'cpu' | 'webgpu' | 'cuda';
}

/** Loads the model and waits until it can answer. */
export async function startWholeModel({ directory, threads, device }: WholeModelInit): Promise<WholeModel> {
  const child = fork(new URL(import.meta.url), [directory, String(threads), device], {
    serialization: 'advanced',
  });
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

async function serve({ directory, threads, device }: WholeModelInit): Promise<void> {
  env.allowRemoteModels = false;
  const model = await AutoModelForCausalLM.from_pretrained(directory, {
    local_files_only: true,
    device,
    dtype: 'fp32',
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  });
  process.on('message', (job: Job) => {
    void generateWhole(model, job).then((measurement) => process.send?.(measurement));
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('loaded');
}

if (import.meta.main) {
  const [directory = '', threads = '1', device = 'cpu'] = process.argv.slice(2);
  await serve({ directory, threads: Number(threads), device: device as WholeModelInit['device'] });
}
