/** What each worker's steps took, by model: kept in the database, so that predictions survive a restart. */
import type { Device, WorkerId } from '@potluck/protocol';
import type { PromptSample, StepSample, WaySample } from '../placement/prediction/samples.ts';
import { readBytes } from '../placement/prediction/stepTime.ts';

/** All that is known of one worker's speed. Lists are last measured first. */
export interface NodeSpeed {
  /** What it was measured with; another device starts anew. */
  device: string;
  /** Steps of one token. */
  samples: readonly StepSample[];
  /** Chunks of prompts; missing in what older versions kept. */
  promptSamples?: readonly PromptSample[];
  /** Handing tokens on to other workers; missing in what older versions kept. */
  ways?: readonly WaySample[];
}

/** Keeps what is known of a worker; called when it is different enough. */
export type KeepSpeed = (workerId: WorkerId, speed: NodeSpeed) => void;

/** Who was measured. */
interface MeasuredWorker {
  id: WorkerId;
  device: Pick<Device, 'kind' | 'description'>;
}

/** Measurements that are kept of each model, seen or hidden: older ones would count a tenth (see `typicalOf`). */
const mostAlike = 8;
/** Of each way; answers measure it alike, whatever is asked. */
const mostOfWay = 4;
/** In each list. */
const mostSamples = 160;
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
  #changes = 0;

  /** @param speeds as they were kept */
  constructor(speeds: Iterable<readonly [WorkerId, NodeSpeed]>, keep: KeepSpeed) {
    this.#speeds = new Map(
      [...speeds].map(([id, speed]) => [
        id,
        {
          ...speed,
          samples: speed.samples.filter(isPossible).map(ofEarlierRun),
          promptSamples: (speed.promptSamples ?? []).filter(isPossible).map(ofEarlierRun),
          ways: (speed.ways ?? []).filter(({ milliseconds }) => isPossibleTime(milliseconds)),
        },
      ]),
    );
    this.#keep = keep;
  }

  /** How many measurements were taken in: where it is the same, all lists are. */
  get changes(): number {
    return this.#changes;
  }

  /** What its present device took over steps of one token. The same list until another measurement comes. */
  samplesOf(worker: MeasuredWorker): readonly StepSample[] {
    return this.#speedOf(worker)?.samples ?? none;
  }

  /** What its present device took over chunks of prompts. The same list until another measurement comes. */
  promptSamplesOf(worker: MeasuredWorker): readonly PromptSample[] {
    return this.#speedOf(worker)?.promptSamples ?? none;
  }

  /** What it took to hand tokens on to other workers. The same list until another measurement comes. */
  waysOf(worker: MeasuredWorker): readonly WaySample[] {
    return this.#speedOf(worker)?.ways ?? none;
  }

  /**
   * Takes a step of one token in. Trials stay beside answers: how far the two are apart says how busy the worker is.
   * @returns why the measurement is refused, for people; undefined where it is taken
   */
  measured(worker: MeasuredWorker, sample: StepSample): string | undefined {
    const problem = describeImpossible(sample);
    if (problem !== undefined) return problem;
    const before = this.samplesOf(worker);
    const isSameKind = (one: StepSample): boolean => alike(sample)(one) && one.source === sample.source;
    const samples = withFirst(withoutSameTrial(before, sample), sample, isSameKind, mostAlike);
    this.#put(worker, { samples }, isNews(before.find(isSameKind), sample));
    return undefined;
  }

  /**
   * Takes a chunk of a prompt in. One from a stage that was only tried says nothing where answers did.
   * @returns why the measurement is refused, for people; undefined where it is taken
   */
  measuredPrompt(worker: MeasuredWorker, sample: PromptSample): string | undefined {
    if (sample.tokens < leastPromptTokens) return undefined;
    const problem = describeImpossible(sample, sample.tokens);
    if (problem !== undefined) return problem;
    const before = this.promptSamplesOf(worker);
    const promptSamples = withPrompt(before, sample);
    if (promptSamples) this.#put(worker, { promptSamples }, isNews(before.find(alike(sample)), sample));
    return undefined;
  }

  /** Takes in what handing a token on took. What can't be is left out: it is reckoned from times, and may be less than 0. */
  measuredWay(worker: MeasuredWorker, way: WaySample): void {
    if (!isPossibleTime(way.milliseconds)) return;
    const before = this.waysOf(worker);
    const isSame = (one: WaySample): boolean => one.to === way.to && one.relayed === way.relayed;
    this.#put(worker, { ways: withFirst(before, way, isSame, mostOfWay) }, !before.some(isSame));
  }

  #speedOf({ id, device }: MeasuredWorker): NodeSpeed | undefined {
    const speed = this.#speeds.get(id);
    return speed?.device === nameOf(device) ? speed : undefined;
  }

  #put(worker: MeasuredWorker, change: Partial<NodeSpeed>, isWorthKeeping: boolean): void {
    const speed = {
      samples: none,
      promptSamples: none,
      ways: none,
      ...this.#speedOf(worker),
      ...change,
      device: nameOf(worker.device),
    };
    this.#speeds.set(worker.id, speed);
    this.#changes++;
    if (isWorthKeeping) this.#keep(worker.id, speed);
  }
}

const none: readonly never[] = [];

/** Whether others are of the same model, and were measured with somebody looking at the tab or not, as this one. */
const alike =
  ({ model, hidden = false }: StepSample) =>
  (other: StepSample): boolean =>
    other.model === model && (other.hidden ?? false) === hidden;

/**
 * Puts a prompt first. Answers end what trials said.
 * @returns undefined where it says nothing
 */
function withPrompt(samples: readonly PromptSample[], sample: PromptSample): PromptSample[] | undefined {
  const isSameKind = alike(sample);
  const isServed = samples.some((one) => isSameKind(one) && one.source === 'served');
  if (sample.source === 'tried' && isServed) return undefined;
  const isOver = (one: PromptSample): boolean =>
    sample.source === 'served' && isSameKind(one) && one.source === 'tried';
  const rest = withoutSameTrial(samples, sample).filter((one) => !isOver(one));
  return withFirst(rest, sample, isSameKind, mostAlike);
}

/** A trial ends what an earlier one said of a step that reads as much. */
function withoutSameTrial<Sample extends StepSample | PromptSample>(
  samples: readonly Sample[],
  sample: Sample,
): readonly Sample[] {
  if (sample.source === 'served') return samples;
  const isSameKind = alike(sample);
  const isSame = (one: Sample): boolean =>
    readBytes(one) === readBytes(sample) && lengthOf(one) === lengthOf(sample);
  return samples.filter((one) => one.source === 'served' || !isSameKind(one) || !isSame(one));
}

/** Clocks begin anew with each run of the hub. */
function ofEarlierRun<Sample extends StepSample>({ at: _, ...sample }: Sample): Omit<Sample, 'at'> {
  return sample;
}

const lengthOf = (sample: StepSample | PromptSample): number => ('tokens' in sample ? sample.tokens : 1);

/** @param most how many of the same kind stay, the new one included */
function withFirst<Sample>(
  samples: readonly Sample[],
  next: Sample,
  isSameKind: (one: Sample) => boolean,
  most: number,
): Sample[] {
  let kept = 1;
  const rest = samples.filter((one) => !isSameKind(one) || ++kept <= most);
  return [next, ...rest].slice(0, mostSamples);
}

function isNews(before: StepSample | undefined, sample: StepSample): boolean {
  const difference = Math.abs(perByte(sample) / (before ? perByte(before) : Infinity) - 1);
  return before?.source !== sample.source || difference > worthKeeping;
}

const perByte = (sample: StepSample): number =>
  sample.milliseconds / Math.max(1, readBytes(sample) * lengthOf(sample));

const nameOf = ({ kind, description }: MeasuredWorker['device']): string => `${kind}: ${description}`;

const isPossibleTime = (milliseconds: number): boolean => milliseconds >= leastMs && milliseconds <= mostMs;

const isPossible = (sample: StepSample): boolean => describeImpossible(sample) === undefined;

function describeImpossible(
  { milliseconds, weightBytes, cacheBytes = 0 }: StepSample,
  tokens = 1,
): string | undefined {
  const what = tokens === 1 ? 'a step' : `a chunk of ${tokens} tokens`;
  if (![milliseconds, weightBytes, cacheBytes].every(Number.isFinite) || weightBytes < 0 || cacheBytes < 0) {
    return `${what} of ${milliseconds} ms that reads ${weightBytes} bytes is no measurement`;
  }
  if (milliseconds < leastMs || weightBytes > mostBytesPerMs * milliseconds) {
    return `${what} of ${milliseconds} ms is faster than any device`;
  }
  if (milliseconds > mostMs) return `${what} of ${milliseconds} ms is longer than any step may take`;
  return undefined;
}
