/** Asks a hub's management API from a shell. */
import type { ErrorBody, LiveEvent } from '@potluck/api';
import { CertificateError, checkHub } from '@potluck/machine';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { startCommand } from '../ownCommand.ts';
import { setDefaultCACertificates } from 'node:tls';

/** Thrown where the hub can't do what was asked; its message says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Thrown where a hub takes the connection and says nothing. */
export class SilentHubError extends CommandError {
  constructor(hub: string, withinMs: number, options: ErrorOptions) {
    super(
      `The hub at ${hub} does not answer: it said nothing for ${withinMs / 1000} s. Look at its log and at whether its process ` +
        'or its machine stands still; if so, end that process and start the hub again.',
      options,
    );
  }
}

/** What any hub says of itself, with as much as the one who asks may know. */
export interface HubHealth {
  status: string;
  /** Of the hub among several that serve one grid. */
  role?: 'leads' | 'follows';
  /** What keeps it from answering. */
  missing?: string;
  /** What it can't keep, or can't reach. */
  trouble?: string;
}

export interface HubClientInit {
  /** Such as `http://localhost:8000`. */
  hub: string;
  /** API key with the right to administer. */
  key?: string | undefined;
  /** Of the hub's own certificate, `AA:BB:…`; undefined where the system's authorities vouch for the hub. */
  fingerprint?: string | undefined;
}

export class HubClient {
  readonly #hub: string;
  readonly #headers: Record<string, string>;
  readonly #fingerprint: string | undefined;
  #known: Promise<void> | undefined;

  constructor({ hub, key, fingerprint }: HubClientInit) {
    this.#fingerprint = fingerprint;
    this.#hub = hub.replace(/\/+$/, '');
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  }

  /**
   * @param withinMs longest time for the answer, in milliseconds; undefined: as long as that takes
   * @throws CommandError, SilentHubError where the hub does not answer within that time
   */
  async ask<T = undefined>(method: string, path: string, body?: unknown, withinMs?: number): Promise<T> {
    if (withinMs === undefined) return this.#ask<T>(method, path, body);
    const signal = AbortSignal.timeout(withinMs);
    try {
      return await this.#ask<T>(method, path, body, signal);
    } catch (cause) {
      if (signal.aborted) throw new SilentHubError(this.#hub, withinMs, { cause });
      throw cause;
    }
  }

  /** How the hub is that was asked, also where another one leads. @returns undefined where it does not say */
  async health(withinMs: number): Promise<HubHealth | undefined> {
    try {
      const signal = AbortSignal.timeout(withinMs);
      const response = await this.#request('/health', { headers: this.#headers, signal });
      return (await response.json()) as HubHealth;
    } catch {
      return undefined;
    }
  }

  async #ask<T>(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    const response = await this.#fetch(path, {
      method,
      ...(signal && { signal }),
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await commandError(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** Live events from now on, a snapshot first; ends when the iteration is left. @throws CommandError */
  async *events(): AsyncGenerator<LiveEvent, void, void> {
    const controller = new AbortController();
    const response = await this.#fetch('/events', { headers: this.#headers, signal: controller.signal });
    if (!response.ok || !response.body) throw await commandError(response);
    const events = response.body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>)
      .pipeThrough(new EventSourceParserStream());
    try {
      for await (const { data } of events as unknown as AsyncIterable<{ data: string }>) {
        yield JSON.parse(data) as LiveEvent;
      }
    } finally {
      controller.abort();
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#request(`/api${path}`, init);
    } catch (cause) {
      if (cause instanceof CertificateError) throw new CommandError(cause.message, { cause });
      // What fetch throws says only that it failed; its cause says why.
      const reason =
        cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new CommandError(
        `No hub answers at ${this.#hub} (${reason}). Start one with \`${startCommand}\`, or name another with --hub.`,
        { cause },
      );
    }
  }

  async #request(path: string, init: RequestInit): Promise<Response> {
    await (this.#known ??= this.#know(init.signal ?? undefined));
    return fetch(`${this.#hub}${path}`, init);
  }

  /** Makes sure that this is the hub that was meant, before it gets a key. This process talks to no other server. */
  async #know(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#hub.startsWith('https:')) return;
    const pinned = await checkHub({
      hubUrl: this.#hub,
      fingerprint: this.#fingerprint,
      ...(signal && { signal }),
    });
    if (pinned) setDefaultCACertificates([pinned.toString()]);
  }
}

async function commandError(response: Response): Promise<CommandError> {
  const body = (await response.json().catch(() => undefined)) as Partial<ErrorBody> | undefined;
  const message = body?.error?.message ?? `The hub answered ${response.status}.`;
  const hint =
    response.status === 401 || response.status === 403
      ? ' A key goes after --key; on the hub’s machine, --data names the hub’s data directory instead.'
      : '';
  return new CommandError(`${message}${hint}`);
}
