/** DevTools sessions of a page and of its web workers, which Playwright has none for. */
import type { Page } from '@playwright/test';

/** https://chromedevtools.github.io/devtools-protocol/ */
export interface DevTools {
  /** @throws Error with what DevTools said */
  send(method: string, params?: object): Promise<unknown>;
  listen<Params>(event: string, listener: (params: Params) => void): void;
}

export async function devToolsOfPage(page: Page): Promise<DevTools> {
  const session = await page.context().newCDPSession(page);
  return {
    send: (method, params) => session.send(method as never, params as never),
    listen: (event, listener) => void session.on(event as never, listener as never),
  };
}

/**
 * A session of a web worker, which may itself belong to a worker. Messages go wrapped through the session of whoever
 * started it (`flatten: false`): sessions of the other kind are Playwright's own.
 * @param name as given to the Worker's constructor
 * @returns once there is such a worker
 */
export async function devToolsOfWorker(owner: DevTools, name: string): Promise<DevTools> {
  const sessions = new Map<string, WrappedSession>();
  const found = Promise.withResolvers<DevTools>();
  owner.listen<{ sessionId: string; targetInfo: { title: string } }>(
    'Target.attachedToTarget',
    ({ sessionId, targetInfo }) => {
      const session = new WrappedSession((message) =>
        owner.send('Target.sendMessageToTarget', { sessionId, message }),
      );
      sessions.set(sessionId, session);
      if (targetInfo.title === name) found.resolve(session);
    },
  );
  owner.listen<{ sessionId: string; message: string }>(
    'Target.receivedMessageFromTarget',
    ({ sessionId, message }) => sessions.get(sessionId)?.receive(message),
  );
  await owner.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  return found.promise;
}

interface Received {
  id?: number;
  result?: unknown;
  error?: { message: string };
  method?: string;
  params?: unknown;
}

class WrappedSession implements DevTools {
  readonly #post: (message: string) => Promise<unknown>;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Map<string, (params: never) => void>();
  #lastId = 0;

  constructor(post: (message: string) => Promise<unknown>) {
    this.#post = post;
  }

  async send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#lastId;
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(id, call);
    await this.#post(JSON.stringify({ id, method, params }));
    return call.promise;
  }

  listen<Params>(event: string, listener: (params: Params) => void): void {
    this.#listeners.set(event, listener);
  }

  receive(message: string): void {
    const { id, result, error, method, params } = JSON.parse(message) as Received;
    if (id === undefined) {
      this.#listeners.get(method ?? '')?.(params as never);
      return;
    }
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
  }
}
