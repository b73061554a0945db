/** What each worker's steps took, by model: kept in the database, so that predictions survive a restart. */
import type { Device, WorkerId } from '@potluck/protocol';
import type { PromptSample, StepSample } from '../placement/prediction/samples.ts';

/** All that is known of one worker's speed. Lists are last measured first, one sample for each model (and visibility). */
export interface NodeSpeed {
  /** What it was measured with; another device starts anew. */
  device: string;
  /** Steps of one token. */
  samples: readonly StepSample[];
  /** Chunks of prompts; missing in what older versions kept. */
  promptSamples?: readonly PromptSample[];
}

/** Keeps what is known of a worker; called when it is different enough. */
export type KeepSpeed = (workerId: WorkerId, speed: NodeSpeed) => void;

/** Who was measured. */
interface MeasuredWorker {
  id: WorkerId;
  device: Pick<Device, 'kind' | 'description'>;
}

const mostModels = 20;
/** Weight of a new answer against those before: five answers on, little is left of a bad one. */
const newShare = 0.5;
/** A change that is worth a write. */
const worthKeeping = 0.05;
/** No step takes less: a microsecond. */
const leastMs = 1e-3;
/** No step takes longer: its worker would be given up before. */
const mostMs = 600_000;
/** No device reads weights faster: twice what the memory of an NVIDIA B200 carries (8 TB/s). */
const mostBytesPerMs = 16e9;
/** Prompts of fewer tokens tell nothing that steps of one token don't. */
const leastPromptTokens = 2;

export class SpeedBook {
  readonly #keep: KeepSpeed;
  readonly #speeds: Map<WorkerId, NodeSpeed>;

  /** @param speeds as they were kept */
  constructor(speeds: Iterable<readonly [WorkerId, NodeSpeed]>, keep: KeepSpeed) {
    this.#speeds = new Map(
      [...speeds].map(([id, speed]) => [
        id,
        {
          ...speed,
          samples: speed.samples.filter(isPossible),
          promptSamples: (speed.promptSamples ?? []).filter(isPossible),
        },
      ]),
    );
    this.#keep = keep;
  }

  /** What its present device took over steps of one token. The same list until another measurement comes. */
  samplesOf(worker: MeasuredWorker): readonly StepSample[] {
    return this.#speedOf(worker)?.samples ?? none;
  }

  /** What its present device took over chunks of prompts. The same list until another measurement comes. */
  promptSamplesOf(worker: MeasuredWorker): readonly PromptSample[] {
    return this.#speedOf(worker)?.promptSamples ?? none;
  }

  /**
   * Takes a step of one token in. One from answers counts more than one from a stage that was only tried.
   * @returns why the measurement is refused, for people; undefined where it is taken
   */
  measured(worker: MeasuredWorker, sample: StepSample): string | undefined {
    const problem = describeImpossible(sample);
    if (problem !== undefined) return problem;
    const samples = this.samplesOf(worker);
    const before = samples.find((one) => isAlike(one, sample));
    if (before?.source === 'served' && sample.source === 'tried') return undefined;
    const next = before?.source === 'served' ? mixed(before, sample) : sample;
    this.#put(worker, { samples: withFirst(samples, before, next) }, { before, next });
    return undefined;
  }

  /**
   * Takes a chunk of a prompt in, like `measured`. Chunks of other lengths say little about each other, so the last one
   * from answers stands alone unless it is about as long.
   * @returns why the measurement is refused, for people; undefined where it is taken
   */
  measuredPrompt(worker: MeasuredWorker, sample: PromptSample): string | undefined {
    if (sample.tokens < leastPromptTokens) return undefined;
    const problem = describeImpossible(sample, sample.tokens);
    if (problem !== undefined) return problem;
    const samples = this.promptSamplesOf(worker);
    const before = samples.find((one) => isAlike(one, sample) && isAboutAsLong(one, sample));
    if (before?.source === 'served' && sample.source === 'tried') return undefined;
    const next = before?.source === 'served' ? mixedPrompt(before, sample) : sample;
    this.#put(worker, { promptSamples: withFirst(samples, before, next) }, { before, next });
    return undefined;
  }

  #speedOf({ id, device }: MeasuredWorker): NodeSpeed | undefined {
    const speed = this.#speeds.get(id);
    return speed?.device === nameOf(device) ? speed : undefined;
  }

  #put(
    worker: MeasuredWorker,
    change: Partial<NodeSpeed>,
    { before, next }: { before: StepSample | undefined; next: StepSample },
  ): void {
    const speed = {
      samples: none,
      promptSamples: none,
      ...this.#speedOf(worker),
      ...change,
      device: nameOf(worker.device),
    };
    this.#speeds.set(worker.id, speed);
    const difference = Math.abs(perByte(next) / (before ? perByte(before) : Infinity) - 1);
    if (before?.source !== next.source || difference > worthKeeping) this.#keep(worker.id, speed);
  }
}

const none: readonly never[] = [];

/** Of the same model, and measured with somebody looking at the tab or not, as the other. */
const isAlike = (one: StepSample, other: StepSample): boolean =>
  one.model === other.model && (one.hidden ?? false) === (other.hidden ?? false);

/** Between half and twice as many tokens. */
const isAboutAsLong = (one: PromptSample, other: PromptSample): boolean =>
  one.tokens <= 2 * other.tokens && other.tokens <= 2 * one.tokens;

function withFirst<T extends StepSample>(samples: readonly T[], before: T | undefined, next: T): T[] {
  return [next, ...samples.filter((one) => one !== before)].slice(0, mostModels);
}

/** Stages of other layers are compared by what they read. */
function mixed<T extends StepSample>(before: T, sample: T): T {
  const expected = perByte(before) * sample.weightBytes;
  return { ...sample, milliseconds: expected + newShare * (sample.milliseconds - expected) };
}

/** Chunks that are about as long, by what a token of them takes. */
function mixedPrompt(before: PromptSample, sample: PromptSample): PromptSample {
  const asLong = { ...before, milliseconds: (before.milliseconds * sample.tokens) / before.tokens };
  return mixed(asLong, sample);
}

const perByte = ({ milliseconds, weightBytes }: StepSample): number =>
  milliseconds / Math.max(1, weightBytes);

const nameOf = ({ kind, description }: MeasuredWorker['device']): string => `${kind}: ${description}`;

const isPossible = (sample: StepSample): boolean => describeImpossible(sample) === undefined;

function describeImpossible({ milliseconds, weightBytes }: StepSample, tokens = 1): string | undefined {
  const what = tokens === 1 ? 'a step' : `a chunk of ${tokens} tokens`;
  if (!Number.isFinite(milliseconds) || !Number.isFinite(weightBytes) || weightBytes < 0) {
    return `${what} of ${milliseconds} ms that reads ${weightBytes} bytes is no measurement`;
  }
  if (milliseconds < leastMs || weightBytes > mostBytesPerMs * milliseconds) {
    return `${what} of ${milliseconds} ms is faster than any device`;
  }
  if (milliseconds > mostMs) return `${what} of ${milliseconds} ms is longer than any step may take`;
  return undefined;
}
