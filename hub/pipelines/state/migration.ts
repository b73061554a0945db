/** A pipeline's way to other workers, or to other caches: new workers load their stages by themselves, while the pipeline serves on. */
import type { Stage, TargetStage } from '../pipeline.ts';

export interface Migration {
  /** All stages of the pipeline that comes of it, in order. */
  target: readonly TargetStage[];
  /** Those of them that workers load ahead; no worker hears of the others'. */
  preloads: readonly Stage[];
  /** `cutting`: their graphs are being made; `freeing`: their workers make room; then they load. */
  step: 'cutting' | 'freeing' | 'loading' | 'loaded';
  /** True once the cut was asked for. */
  isCutAsked: boolean;
  /**
   * When the pipeline goes to its target, once the preloads are loaded: at once, when no answer runs, or never, for
   * holders that stand by in case a stage is lost.
   */
  cutOver: 'at-once' | 'after-draining' | 'never';
  /** Why it moves, for the log and for clients. */
  reason: string;
  /** Whoever serves keeps what it has loaded, so that the move takes a moment, and requests wait for it. */
  isMomentary: boolean;
  /** True where it moves only to be faster: it stays where what is loaded turns out not to be. */
  mustPay?: boolean;
  /** See `PromiseQuestion`: what was promised does not count in how busy those are that serve now. */
  isBold?: boolean;
  /** While loading: when preloads that make no progress are given up, by a `Clock`. */
  deadline?: number;
  /** Once loaded: from when new requests wait, so that the running answers come to an end. By a `Clock`. */
  patienceEndsAt?: number;
}

/**
 * A pipeline serves for so long, or nobody has stood by for so long, before workers load its stages to stand by: what
 * changes at once, such as devices that come one after the other, is over then.
 */
export const standbyAfterMs = 60_000;

/** @returns the migration with what became of its preloads; loaded when all are ready */
export function withPreloads(
  { deadline: _, ...migration }: Migration,
  preloads: readonly Stage[],
  { deadline, patienceEndsAt }: { deadline: number; patienceEndsAt: number },
): Migration {
  if (migration.step === 'loaded') return { ...migration, preloads };
  const isLoaded = preloads.every(({ state }) => state === 'ready');
  return { ...migration, preloads, ...(isLoaded ? { step: 'loaded', patienceEndsAt } : { deadline }) };
}

/** The same migration on a clock that jumped. */
export function shiftedMigration(migration: Migration, byMs: number): Migration {
  const { deadline, patienceEndsAt } = migration;
  return {
    ...migration,
    ...(deadline === undefined ? {} : { deadline: deadline + byMs }),
    ...(patienceEndsAt === undefined ? {} : { patienceEndsAt: patienceEndsAt + byMs }),
  };
}
