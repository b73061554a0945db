/** What a person chooses for this tab, and what it remembers of hubs; kept in the browser, shared by its tabs. */
import { z } from 'zod';

export interface TabSettings {
  /** What others see. Default: the browser and the system, such as `Firefox on Windows`. */
  name: string;
  /** Weights, caches and working memory of all stages may take this much. Undefined: what the device suggests. */
  memoryBytes: number | undefined;
  /** `wasm` leaves the GPU alone. Default `auto`: WebGPU where it is there and computes right. */
  device: 'auto' | 'wasm';
  /** Keeps the screen on while contributing and visible. Default false. */
  keepScreenOn: boolean;
  /** Plays a tone too quiet to hear, so that browsers do not slow a hidden tab down. Default false. */
  quietTone: boolean;
  /** Rests while the device runs on battery, where the browser tells. Default false. */
  pauseOnBattery: boolean;
  /** Rests while nobody looks at the tab. Default false. */
  pauseWhenHidden: boolean;
  /** Rests while the network is metered, where the browser tells. Default false. */
  pauseOnMetered: boolean;
}

const Stored = z.object({
  name: z.string().trim().min(1).max(100).optional().catch(undefined),
  memoryBytes: z.number().int().positive().optional().catch(undefined),
  device: z.enum(['auto', 'wasm']).catch('auto'),
  keepScreenOn: z.boolean().catch(false),
  quietTone: z.boolean().catch(false),
  pauseOnBattery: z.boolean().catch(false),
  pauseWhenHidden: z.boolean().catch(false),
  pauseOnMetered: z.boolean().catch(false),
  /** Join tokens by hub. */
  tokens: z.record(z.string(), z.string()).catch({}),
});

const storageKey = 'potluck.tab';

/**
 * Settings and join tokens in `localStorage`, or only in memory where a page has none. Other tabs change them too: what
 * is stored counts whenever one is changed, and whenever a token is asked for.
 */
export class TabSettingsStore {
  #storage: Storage | undefined;
  readonly #defaultName: string;
  #stored: z.infer<typeof Stored>;

  constructor(storage: Storage | undefined, defaultName: string) {
    this.#storage = storage;
    this.#defaultName = defaultName;
    this.#stored = Stored.parse({});
    this.#read();
  }

  get settings(): TabSettings {
    const { tokens: _tokens, name = this.#defaultName, memoryBytes, ...rest } = this.#stored;
    return { name, memoryBytes, ...rest };
  }

  /** Takes what is valid; a name of spaces only means the default one. */
  change(settings: Partial<TabSettings>): void {
    this.#keep({ ...this.#read(), ...settings });
  }

  tokenFor(hubUrl: string): string | undefined {
    return this.#read().tokens[hubUrl];
  }

  keepToken(hubUrl: string, token: string): void {
    const stored = this.#read();
    this.#keep({ ...stored, tokens: { ...stored.tokens, [hubUrl]: token } });
  }

  forgetToken(hubUrl: string): void {
    const stored = this.#read();
    const { [hubUrl]: _forgotten, ...tokens } = stored.tokens;
    this.#keep({ ...stored, tokens });
  }

  #read(): z.infer<typeof Stored> {
    if (this.#storage) this.#stored = Stored.parse(readJson(this.#storage.getItem(storageKey)) ?? {});
    return this.#stored;
  }

  #keep(stored: unknown): void {
    this.#stored = Stored.parse(stored);
    try {
      this.#storage?.setItem(storageKey, JSON.stringify(this.#stored));
    } catch {
      // Full or forbidden: they last as long as the page.
      this.#storage = undefined;
    }
  }
}

/** @returns undefined where there is none, or what is there is no JSON object */
export function readJson(text: string | null | undefined): object | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `Firefox on Windows`, in English. */
const onSystem = (browser: string, system: string): string => `${browser} on ${system}`;

/**
 * Such as `Firefox on Windows`, from what browsers tell everybody.
 * @param describe puts a browser and a system into words
 */
export function describeBrowser(userAgent: string, describe = onSystem): string {
  const browser = /Edg\//.test(userAgent)
    ? 'Edge'
    : /OPR\//.test(userAgent)
      ? 'Opera'
      : /Firefox\//.test(userAgent)
        ? 'Firefox'
        : /Chrom(e|ium)\//.test(userAgent)
          ? 'Chrome'
          : /Safari\//.test(userAgent)
            ? 'Safari'
            : 'Browser';
  const system = /Android/.test(userAgent)
    ? 'Android'
    : /iPhone|iPad/.test(userAgent)
      ? 'iOS'
      : /Windows/.test(userAgent)
        ? 'Windows'
        : /Mac OS X|Macintosh/.test(userAgent)
          ? 'macOS'
          : /CrOS/.test(userAgent)
            ? 'ChromeOS'
            : /Linux/.test(userAgent)
              ? 'Linux'
              : undefined;
  return system === undefined ? browser : describe(browser, system);
}
