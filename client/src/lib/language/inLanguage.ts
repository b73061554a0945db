import { vi } from 'vitest';
import type { Language } from './language.ts';

/**
 * For tests: calls `read` in a browser of that language, with modules loaded anew. Modules keep their language from when they
 * load, and files of tests share them: what was loaded here is forgotten again.
 */
export async function inLanguage<Value>(language: Language, read: () => Promise<Value>): Promise<Value> {
  vi.resetModules();
  vi.stubGlobal('navigator', { languages: [language] });
  try {
    return await read();
  } finally {
    vi.unstubAllGlobals();
    vi.resetModules();
  }
}
