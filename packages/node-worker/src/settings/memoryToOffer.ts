/** How much memory a worker may promise to a hub, whose models would fill it. */
import { formatBytes } from '@potluck/command-line';

export interface MemoryWish {
  /** `--memory`, in bytes. */
  wantedBytes: number;
  /** What the machine has, or its container, in bytes. */
  machineBytes: number;
  /** True where models may lie in a GPU's own memory, which may be larger. */
  hasGpu: boolean;
}

/** A system ends a process that takes more than there is, and with it the answers under way. */
export function memoryToOffer({ wantedBytes, machineBytes, hasGpu }: MemoryWish): {
  bytes: number;
  /** For people, where it is less than they wanted. */
  warning?: string;
} {
  if (hasGpu || wantedBytes <= machineBytes) return { bytes: wantedBytes };
  const [wanted, has] = [wantedBytes, machineBytes].map((bytes) => formatBytes(bytes));
  const warning = `--memory ${wanted} is more than this machine has: models may take ${has}. Give --memory less than that.`;
  return { bytes: machineBytes, warning };
}
