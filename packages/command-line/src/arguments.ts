/** What flags take. Each reads one text and throws commander's InvalidArgumentError, which names the flag. */
import { formatBytes } from '@potluck/api';
import { InvalidArgumentError } from 'commander';
import { memorySize } from './memorySize.ts';

const leastMemoryBytes = 1e6;

/** A whole number between two, both inclusive. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
  };
}

/** A TCP or UDP port; 0 takes a free one. */
export function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}

/** Bytes. @param example what people are told to write */
export function memory(example: string): (text: string) => number {
  return (text) => {
    const bytes = memorySize(text) ?? 0;
    if (bytes >= leastMemoryBytes) return bytes;
    const least = formatBytes(leastMemoryBytes);
    throw new InvalidArgumentError(`It takes a size of at least ${least}, such as ${example} or 512MiB.`);
  };
}

/** True for what may be a token, a key or a password on a command line. */
export function isSecret(text: string): boolean {
  return /^[\x21-\x7e]{8,500}$/.test(text);
}

export function secret(text: string): string {
  if (isSecret(text)) return text;
  throw new InvalidArgumentError('It takes 8 to 500 printable ASCII characters without spaces.');
}
