/** What caches take. */
import type { StageCache } from '@potluck/protocol';
import { elementBits } from '../protobuf/elementType.ts';

/** Bytes for each token over attention caches, and bytes of fixed-size state. */
export function cacheSizes(caches: readonly StageCache[]): {
  cacheBytesPerToken: number;
  stateBytes: number;
} {
  const bytes = (kind: StageCache['kind']): number =>
    caches
      .filter((cache) => cache.kind === kind)
      .reduce((sum, { dims, type }) => {
        const elements = dims.reduce<number>(
          (product, length) => product * (typeof length === 'number' ? length : 1),
          1,
        );
        return sum + Math.ceil((elements * elementBits(type)) / 8);
      }, 0);
  return { cacheBytesPerToken: bytes('attention'), stateBytes: bytes('state') };
}
