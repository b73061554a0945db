/** Names the weights and the software that answered: two answers with one fingerprint can be compared. */
import { createHash } from 'node:crypto';
import type { ModelPackage } from '@potluck/protocol';
import { hubVersion } from '../../network/hubVersion.ts';

const fingerprints = new WeakMap<ModelPackage, string>();

export function fingerprintOf(model: ModelPackage): string {
  const known = fingerprints.get(model);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(JSON.stringify([hubVersion, model.graph, model.packs]));
  const fingerprint = `fp_${hash.digest('hex').slice(0, 12)}`;
  fingerprints.set(model, fingerprint);
  return fingerprint;
}
