/** Layers as people write them. */
import { fail } from '#lib/hub/fail.ts';

/** `0-3`, `0–3` or `5`, with any spaces. */
const range = /^(\d+)(?:\s*[-–]\s*(\d+))?$/;

/**
 * @returns the layers, counted from 0, both included; nothing where nothing was written
 * @throws Error saying how layers are written
 */
export function parseLayers(text: string): { firstLayer: number; lastLayer: number } | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const [, first, last = first] = range.exec(trimmed) ?? [];
  if (first === undefined || Number(last) < Number(first)) {
    fail(`“${trimmed}” names no layers. Write the first and the last, such as 0-3.`);
  }
  return { firstLayer: Number(first), lastLayer: Number(last) };
}
