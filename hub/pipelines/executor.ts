/** Carries out what `plan` decides: takes events in, owns the workers' messages, the timer and the cutting of stages. */
import { hubText } from '@potluck/api/hub-texts';
import type { Logger } from 'pino';
import { messageOf } from '../errors/messageOf.ts';
import type { NodeBook } from '../workers/nodeBook.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { GridView } from '../placement/gridView.ts';
import type { Clock } from './clock.ts';
import { forEachOf } from './forEachOf.ts';
import { GridSource } from './gridSource.ts';
import { logCommand, logEvent } from './logging.ts';
import type { Command } from './state/commands.ts';
import { plan } from './plan/plan.ts';
import { wakeAt } from './plan/wakeAt.ts';
import { apply } from './state/apply.ts';
import type { PipelineEvent, PipelineHappening } from './state/events.ts';
import { emptyState, type PipelineSettings, type PipelinesState } from './state/state.ts';
import { whatChanged, type Announcement } from './whatChanged.ts';
import { workerFollower, type WorkerFollower } from './workerFollower.ts';

export interface ExecutorComponents {
  registry: Pick<WorkerRegistry, 'table' | 'send'>;
  /** What the operator decided about nodes. */
  nodes: NodeBook;
  speeds: Pick<SpeedBook, 'changes' | 'samplesOf' | 'promptSamplesOf' | 'waysOf'>;
  logger: Logger;
  clock: Clock;
  /** How many workers, beside those that are here, are just being started. */
  workersStarting: () => number;
  /** How much of the grid's memory may be in use while workers stand by: 0 to 1. Default: nobody does. */
  standbyShare?: () => number;
}

/** A timer that ends so much too late says that the hub stood still, such as in a computer that slept. */
const jumpMs = 5000;
/** Among more workers than these, each placement takes milliseconds, and has a turn of the event loop to itself. */
const manyWorkers = 200;
/** More decisions at once than any number of pipelines needs: a decision that changes nothing would never end. */
const mostCommands = 10_000;

export class PipelineExecutor {
  /** Tell it what workers and the operator do. */
  readonly workers: WorkerFollower;
  readonly #components: ExecutorComponents;
  readonly #tell: (announcement: Announcement) => void;
  readonly #waiting: PipelineHappening[] = [];
  readonly #untold: Announcement[] = [];
  readonly #gridSource: GridSource;
  #state: PipelinesState;
  #isBusy = false;
  #isStopping = false;
  #isStopped = false;
  #isTelling = false;
  #wake: { at: number; cancel: () => void } | undefined;
  /** Calls off what goes on in the next turn. */
  #later: (() => void) | undefined;
  /** What `plan` last took for the time. */
  #plannedAt = 0;
  /** When the last event came. */
  #lastAt = 0;

  /** @param tell is told of each change, in the order in which they happen */
  constructor(
    components: ExecutorComponents,
    settings: PipelineSettings,
    tell: (announcement: Announcement) => void,
  ) {
    this.#components = components;
    this.#tell = tell;
    this.#state = emptyState(settings);
    this.#gridSource = new GridSource(components);
    this.workers = workerFollower(
      components,
      () => this.#gridSource.forget(),
      (happening) => this.dispatch(happening),
    );
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  get state(): PipelinesState {
    return this.#state;
  }

  /** The workers that are here, with what is reserved at them now. */
  get grid(): GridView {
    return this.#gridSource.of(this.#state).view;
  }

  /** Takes an event in and does all that is to be done about it, before it returns; among many workers, some of it later. */
  dispatch(happening: PipelineHappening): void {
    if (this.#isStopped) return;
    this.#waiting.push(happening);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        this.#lastAt = this.#components.clock.now();
        this.#take({ ...next, at: this.#lastAt });
        this.#carryOut();
      }
    } finally {
      this.#isBusy = false;
    }
    this.#setWake();
    this.#tellAll();
  }

  /** Ends all pipelines, without waiting for their workers. */
  stop(why: string = hubText('hub-shuts-down', {})): void {
    this.#later?.();
    this.#later = undefined;
    // Workers keep what they have loaded, for the next run of the hub.
    this.#isStopping = true;
    this.dispatch({ type: 'hub-stopping', why });
    this.#isStopped = true;
    this.#wake?.cancel();
  }

  #take(event: PipelineEvent): void {
    const before = this.#state;
    this.#state = apply(before, event);
    logEvent(this.#components.logger, before, event);
    this.#untold.push(...whatChanged(before, this.#state));
  }

  #carryOut(): void {
    // What other events ask for has its turn, too.
    if (this.#later) return;
    const { clock, logger } = this.#components;
    for (let count = 0; count < mostCommands; count++) {
      const now = clock.now();
      this.#plannedAt = now;
      const command = plan(this.#state, this.#gridSource.of(this.#state), now);
      if (!command) return;
      this.#take({ type: 'command-sent', command, at: now });
      this.#perform(command);
      if (hasPlaced(command) && this.#components.registry.table.size > manyWorkers) {
        this.#goOnLater();
        return;
      }
    }
    logger.error({ mostCommands }, 'the pipelines do not come to rest');
  }

  #goOnLater(): void {
    this.#later ??= this.#components.clock.after(0, () => {
      this.#later = undefined;
      this.dispatch({ type: 'time-passed' });
    });
  }

  #perform(command: Command): void {
    const { registry, nodes, logger } = this.#components;
    logCommand(logger, this.#state, command, this.#components.workersStarting());
    switch (command.type) {
      case 'release':
      case 'release-strays':
        if (this.#isStopping) return;
        for (const { workerId, assignmentId } of command.releases) {
          registry.send(workerId, { type: 'release', assignmentId });
        }
        return;
      case 'assign':
        for (const [workerId, message] of command.messages) registry.send(workerId, message);
        // While the workers load, so that the first request does not wait for it.
        this.#state.pipelines.get(command.pipelineId)?.model.tokenizer.warmUp();
        return;
      case 'resize':
        for (const [workerId, message] of command.messages) registry.send(workerId, message);
        return;
      case 'cut':
        void this.#cut(command);
        return;
      case 'mark-drained':
        nodes.change(command.workerId, { mode: 'drained' });
        return;
      case 'give-up':
      case 'place':
      case 'refuse':
      case 'migrate':
      case 'drop-migration':
      case 'stay':
      case 'add-replica':
      case 'drop-replica':
      case 'hold-requests':
      case 'cut-over':
      case 'judge-move':
      case 'forget':
    }
  }

  async #cut({ pipelineId, stages }: Extract<Command, { type: 'cut' }>): Promise<void> {
    const model = this.#state.pipelines.get(pipelineId)?.model;
    if (!model) return;
    try {
      const descriptions = await Promise.all(
        stages.map(
          async ({ assignmentId, firstLayer, lastLayer }) =>
            [assignmentId, await model.cutStage(firstLayer, lastLayer)] as const,
        ),
      );
      this.dispatch({ type: 'stages-cut', pipelineId, descriptions: new Map(descriptions) });
    } catch (error) {
      const assignmentIds = stages.map(({ assignmentId }) => assignmentId);
      this.dispatch({ type: 'cut-failed', pipelineId, assignmentIds, reason: messageOf(error) });
    }
  }

  #setWake(): void {
    const { clock } = this.#components;
    // A time that has come since `plan` looked is still to be woken at.
    const at = wakeAt(this.#state, this.#plannedAt);
    if (at === this.#wake?.at) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (at === undefined) return;
    const cancel = clock.after(Math.max(0, at - clock.now()), () => {
      this.#wake = undefined;
      const isLate = clock.now() - at > jumpMs;
      // How long before it stood still, nobody knows: since the last event at most.
      if (isLate) this.dispatch({ type: 'clock-jumped', byMs: clock.now() - this.#lastAt });
      else this.dispatch({ type: 'time-passed' });
    });
    this.#wake = { at, cancel };
  }

  /** A listener may cause further events: what they change is told after what came before. */
  #tellAll(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      forEachOf(this.#takeUntold(), this.#tell);
    } finally {
      this.#isTelling = false;
    }
  }

  *#takeUntold(): Generator<Announcement> {
    for (let next = this.#untold.shift(); next; next = this.#untold.shift()) yield next;
  }
}

/** True where placement may have been asked before the command was given: a look at what is hoped for does without. */
function hasPlaced({ type }: Command): boolean {
  return type === 'place' || type === 'refuse' || type === 'migrate' || type === 'stay';
}
