/** The grid as it is now, built from those who know: the registry, the operator's decisions, what was measured. */
import type { WorkerId } from '@potluck/protocol';
import type { NodeBook } from '../workers/nodeBook.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord, WorkerTable } from '../workers/workerTable.ts';
import { deviceKind } from './deviceKind.ts';
import type { Grid } from './plan/grid.ts';
import { viewGrid, type BuiltGrid } from './plan/viewGrid.ts';
import type { PipelinesState } from './state/state.ts';

export interface GridSourceComponents {
  registry: Pick<WorkerRegistry, 'table'>;
  nodes: Pick<NodeBook, 'unusable' | 'nameOf'>;
  speeds: Pick<SpeedBook, 'changes' | 'samplesOf' | 'promptSamplesOf' | 'waysOf'>;
  workersStarting: () => number;
  /** See `Grid`. Default: nobody stands by. */
  standbyShare?: (() => number) | undefined;
}

export class GridSource {
  readonly #components: GridSourceComponents;
  /** Rises at each decision of the operator about a node. */
  #decisions = 0;
  #built:
    | {
        pipelines: PipelinesState['pipelines'];
        table: WorkerTable;
        decisions: number;
        speeds: number;
        grid: BuiltGrid;
      }
    | undefined;

  constructor(components: GridSourceComponents) {
    this.#components = components;
  }

  /** The operator decided something about a node. */
  forget(): void {
    this.#decisions++;
  }

  /** Nothing is built before it is asked for. */
  of({ pipelines }: Pick<PipelinesState, 'pipelines'>): Grid {
    const { nodes, workersStarting, standbyShare } = this.#components;
    const built = (): BuiltGrid => this.#build(pipelines);
    return {
      get view() {
        return built().view;
      },
      get capacity() {
        return built().capacity;
      },
      get workersStarting() {
        return workersStarting();
      },
      get standbyShare() {
        return standbyShare?.() ?? 0;
      },
      isHere: (id) => this.#table.has(id),
      isUsable: (id) => {
        const worker = this.#table.get(id);
        return worker !== undefined && this.#unusable(worker) === undefined;
      },
      deviceKindOf: (id: WorkerId) => {
        const worker = this.#table.get(id);
        return worker && deviceKind(worker);
      },
      nameOf: (id) => nodes.nameOf(id),
    };
  }

  #build(pipelines: PipelinesState['pipelines']): BuiltGrid {
    const { speeds } = this.#components;
    const table = this.#table;
    const last = this.#built;
    const hasSameWorkers =
      last?.table === table && last.decisions === this.#decisions && last.speeds === speeds.changes;
    if (hasSameWorkers && last.pipelines === pipelines) return last.grid;
    const sources = {
      table,
      pipelines,
      unusable: (worker: WorkerRecord) => this.#unusable(worker),
      speedOf: (worker: WorkerRecord) => ({
        tokenSteps: speeds.samplesOf(worker),
        promptSteps: speeds.promptSamplesOf(worker),
        ways: speeds.waysOf(worker),
      }),
    };
    const grid = viewGrid(sources, last?.grid, hasSameWorkers);
    this.#built = { pipelines, table, decisions: this.#decisions, speeds: speeds.changes, grid };
    return grid;
  }

  get #table(): WorkerTable {
    return this.#components.registry.table;
  }

  #unusable({ id, isLeaving }: WorkerRecord): string | undefined {
    return this.#components.nodes.unusable(id) ?? (isLeaving ? 'is leaving' : undefined);
  }
}
