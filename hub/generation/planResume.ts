/**
 * How the stages of a new epoch go on with a session. A stage that stayed keeps its cache; one that is new gets what it needs
 * from the stage before, which sends retained boundary tensors again, or computes them again where it retained too few. Pure.
 */

/** What a stage has of a session. Every number is the beginning or the end of a step. */
export interface KeptTokens {
  /** Tokens that its cache holds. */
  length: number;
  /** First token whose boundary tensors it retained; `length` where it has none. */
  retainedFrom: number;
  /** False where the cache has fixed-size states, so that it can be kept whole or not at all. */
  canCut: boolean;
}

/**
 * What stages can have: steps end where a cache ends, and begin where retained tensors begin. A stage that says otherwise is taken
 * to have nothing.
 * @param steps lengths of those in which the sequence ran
 */
export function believable(stages: readonly KeptTokens[], steps: readonly number[]): KeptTokens[] {
  let end = 0;
  const ends = new Set([0, ...steps.map((length) => (end += length))]);
  return stages.map((kept) => {
    // More than there is, is no more than that.
    const said = Math.min(kept.length, end);
    const length = ends.has(said) ? said : 0;
    const isRetained = kept.retainedFrom <= length && ends.has(kept.retainedFrom);
    return { ...kept, length, retainedFrom: isRetained ? kept.retainedFrom : length };
  });
}

/** How a stage goes on; see `ResumeSession`. */
export interface ResumedStage {
  length: number;
  sendFrom: number;
}

/**
 * @param stages in the order of the pipeline
 * @param total tokens in the sequence
 * @param lastStep the token at which the step that samples begins; no stage but the last is to keep less for it
 */
export function planResume(
  stages: readonly KeptTokens[],
  { total, lastStep }: { total: number; lastStep: number },
): ResumedStage[] {
  const resumed: ResumedStage[] = [];
  // Nobody comes after the last stage, and it computes the last step in any case.
  let sendFrom = total;
  for (const [index, { length: held, retainedFrom, canCut }] of [...stages.entries()].reverse()) {
    const isLast = index === stages.length - 1;
    const most = isLast ? lastStep : total;
    const needs = isLast ? most : held > sendFrom && retainedFrom > sendFrom ? sendFrom : most;
    const length = held <= needs ? held : canCut ? needs : 0;
    resumed.unshift({ length, sendFrom });
    sendFrom = length;
  }
  return resumed;
}
