import type { DeviceOffer } from '../snapshot.ts';

const gigabyte = 1e9;
const leastBytes = 100e6;
/** A wasm heap ends at 4 GiB; the runtime needs some of it. */
const mostWasmBytes = 3.5 * gigabyte;

/**
 * A budget that should not hurt, and how far a person may go. WebGPU tells no sizes, so this goes by the device's class.
 * @param deviceMemory gigabytes of main memory as browsers tell it (rounded, at most 8 in many), if they do
 * @param mainMemoryBytes all that this browser may count on, where somebody knows: in a container
 */
export function suggestMemory(
  gpu: DeviceOffer['gpu'],
  deviceMemory = 4,
  mainMemoryBytes = Number.POSITIVE_INFINITY,
): DeviceOffer['memory'] {
  const main = Math.min(deviceMemory * gigabyte, mainMemoryBytes);
  if (!gpu) return budget(main / 4, Math.min(mostWasmBytes, main));
  switch (gpu.class) {
    case 'discrete':
      return budget(4 * gigabyte, 96 * gigabyte);
    case 'integrated':
      // Shared with everything else; browsers that say 8 may have any more.
      return budget(main / 4, deviceMemory >= 8 ? Math.min(64 * gigabyte, mainMemoryBytes) : main / 2);
    case 'software':
      return budget(Math.min(main / 4, gigabyte), main / 2);
    case 'unknown':
      return budget(main / 4, deviceMemory >= 8 ? Math.min(64 * gigabyte, mainMemoryBytes) : main);
  }
}

function budget(suggestedBytes: number, mostBytes: number): DeviceOffer['memory'] {
  const most = Math.max(leastBytes, Math.floor(mostBytes));
  return {
    suggestedBytes: Math.min(most, Math.max(leastBytes, Math.floor(suggestedBytes))),
    leastBytes,
    mostBytes: most,
  };
}
