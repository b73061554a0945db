/** What each worker's steps of one token took, by model: kept in the database, so that predictions survive a restart. */
import type { Device, WorkerId } from '@potluck/protocol';
import type { StepSample } from '../placement/prediction/stepTime.ts';

/** All that is known of one worker's speed. */
export interface NodeSpeed {
  /** What it was measured with; another device starts anew. */
  device: string;
  /** Last measured first, one for each model. */
  samples: StepSample[];
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

export class SpeedBook {
  readonly #keep: KeepSpeed;
  readonly #speeds: Map<WorkerId, NodeSpeed>;

  /** @param speeds as they were kept */
  constructor(speeds: Iterable<readonly [WorkerId, NodeSpeed]>, keep: KeepSpeed) {
    this.#speeds = new Map(speeds);
    this.#keep = keep;
  }

  /** What its present device did. */
  samplesOf({ id, device }: MeasuredWorker): readonly StepSample[] {
    const speed = this.#speeds.get(id);
    return speed?.device === nameOf(device) ? speed.samples : [];
  }

  /** Takes a measurement in. One from answers counts more than one from a stage that was only tried. */
  measured(worker: MeasuredWorker, sample: StepSample): void {
    const samples = this.samplesOf(worker);
    const before = samples.find(({ model }) => model === sample.model);
    if (before?.source === 'served' && sample.source === 'tried') return;
    const next = before?.source === 'served' ? mixed(before, sample) : sample;
    const speed = {
      device: nameOf(worker.device),
      samples: [next, ...samples.filter((one) => one !== before)].slice(0, mostModels),
    };
    this.#speeds.set(worker.id, speed);
    const change = Math.abs(perByte(next) / (before ? perByte(before) : Infinity) - 1);
    if (before?.source !== next.source || change > worthKeeping) this.#keep(worker.id, speed);
  }
}

/** Stages of other layers are compared by what they read. */
function mixed(before: StepSample, sample: StepSample): StepSample {
  const expected = perByte(before) * sample.weightBytes;
  return { ...sample, milliseconds: expected + newShare * (sample.milliseconds - expected) };
}

const perByte = ({ milliseconds, weightBytes }: StepSample): number =>
  milliseconds / Math.max(1, weightBytes);

const nameOf = ({ kind, description }: MeasuredWorker['device']): string => `${kind}: ${description}`;
