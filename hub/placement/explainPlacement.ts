/** Why stages are where they are, in sentences for people. */
import { formatBytes } from '@potluck/api';
import { hubText, layersText } from '@potluck/api/hub-texts';
import type { Candidate } from './candidates.ts';
import type { Choosing } from './chooseStages.ts';
import { linkBetween } from './gridView.ts';
import { isSameStage, type StageAt } from './layerRange.ts';
import { stepMs } from './prediction/stepTime.ts';
import { listed } from './refusal.ts';
import type { CacheToShrink } from './shrinkCaches.ts';

/** Devices are called slower from this factor on: less may be noise. */
const worthSaying = 2;

export function explainPlacement(
  { grid, layers, candidates }: Choosing,
  stages: readonly StageAt[],
  { former, shrink }: { former: readonly StageAt[]; shrink: readonly CacheToShrink[] },
): string[] {
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  const nameOf = (id: StageAt['workerId']): string => byId.get(id)?.name ?? id;
  const used = [...new Set(stages.map(({ workerId }) => workerId))].flatMap((id) => byId.get(id) ?? []);
  const needed = layers.bytes(0, layers.count);
  const work = layers.work(0, layers.count);
  const wholeMs = ({ speed }: Candidate): number => stepMs(speed, work);
  const reasons: string[] = [];
  const kept = stages.filter((stage) => former.some((one) => isSameStage(one, stage)));
  if (kept.length > 0 && kept.length < stages.length) {
    const taken = stages
      .filter((stage) => !kept.includes(stage))
      .map((stage) => hubText('layers-go-to', { range: layersText(stage), device: nameOf(stage.workerId) }));
    reasons.push(`${listed(taken, '; ')}; ${hubText('other-stages-stay', {})}`);
  } else if (used.length > 1 && candidates.every(({ memoryBytes }) => memoryBytes < needed)) {
    reasons.push(hubText('no-device-alone', { needed: formatBytes(needed) }));
  }
  const slowest = Math.max(...used.map(wholeMs));
  const slow = candidates
    .filter((candidate) => !used.includes(candidate) && wholeMs(candidate) >= worthSaying * slowest)
    .map((candidate) => {
      const hidden = describePresence(candidate);
      const values = { device: candidate.name, times: (wholeMs(candidate) / slowest).toFixed(0) };
      return hidden
        ? hubText('times-as-slow-because', { ...values, reason: hidden })
        : hubText('times-as-slow', values);
    });
  if (slow.length > 0) reasons.push(hubText('slow-ones-left-out', { names: listed(slow, ', ') }));
  for (const candidate of used) {
    const hidden = describePresence(candidate);
    if (hidden) reasons.push(hubText('counts-as-slow', { device: candidate.name, reason: hidden }));
  }
  stages.forEach(({ workerId }, index) => {
    const next = stages[(index + 1) % stages.length] as StageAt;
    if (linkBetween(grid, workerId, next.workerId)?.state !== 'relayed') return;
    reasons.push(hubText('through-the-hub', { device: nameOf(workerId), other: nameOf(next.workerId) }));
  });
  for (const { workerId, model, bytes } of shrink) {
    reasons.push(hubText('caches-give-back', { model, device: nameOf(workerId), room: formatBytes(bytes) }));
  }
  return reasons;
}

/** Empty where somebody looks at it, or where that does not matter. */
function describePresence({ worker: { presence } }: Candidate): string {
  if (presence === undefined || presence === 'visible') return '';
  return presence === 'hidden' ? hubText('tab-is-hidden', {}) : hubText('tab-is-stopped-soon', {});
}
