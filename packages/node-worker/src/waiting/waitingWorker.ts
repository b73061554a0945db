/** A worker that waits for a hub to call it: it joins the one that does, and comes back to it after every restart. */
import type { JoinCall, JoinedAnswer, WorkerId } from '@potluck/protocol';
import { messageOf, RefusedByHubError, type AgentEvent, type Log } from '@potluck/worker';
import type { HubAddress } from '@potluck/command-line';
import { CallError } from './callError.ts';
import { forgetHub, keepHub, readKeptHub, type KeptHub } from './keptHub.ts';
import { reachHub } from './reachHub.ts';

const defaultWelcomeDeadlineMs = 30_000;

export interface WaitingWorkerComponents {
  /** Serves a hub until the signal is aborted. Rejects with RefusedByHubError where it is not wanted there. */
  serve: (hub: HubAddress, signal: AbortSignal, observe: (event: AgentEvent) => void) => Promise<void>;
  log: Log;
}

export interface WaitingWorkerInit {
  workerId: WorkerId;
  name: string;
  dataDirectory: string;
  /** How long a hub that called may take to welcome the worker, in milliseconds. Default 30 000. */
  welcomeDeadlineMs?: number;
}

/** The time with one hub. */
interface Service {
  hub: KeptHub;
  connected: boolean;
  /** Why it is not connected. */
  awayBecause: string | undefined;
  controller: AbortController;
  welcomed: PromiseWithResolvers<void>;
  ended: Promise<void>;
}

export class WaitingWorker {
  readonly #components: WaitingWorkerComponents;
  readonly #init: WaitingWorkerInit;
  #service: Service | undefined;
  #isJoining = false;
  #isStopped = false;

  constructor(components: WaitingWorkerComponents, init: WaitingWorkerInit) {
    this.#components = components;
    this.#init = init;
  }

  /** The hub that it serves or tries to come back to. */
  get hub(): { hubId: KeptHub['hubId']; hubUrl: string; connected: boolean } | null {
    if (!this.#service) return null;
    const { hub, connected } = this.#service;
    return { hubId: hub.hubId, hubUrl: hub.hubUrl, connected };
  }

  /** Goes back to the hub that it served before, if there was one. */
  resume(): void {
    const kept = readKeptHub(this.#init.dataDirectory);
    if (!kept) return;
    this.#components.log.info({ hub: kept.hubUrl }, 'going back to the hub that called last');
    this.#begin(kept);
  }

  /**
   * Serves the hub that calls. One that is gone is given up for it.
   * @throws CallError where it serves another hub, or does not get to this one
   */
  async join(call: JoinCall): Promise<JoinedAnswer> {
    this.#refuseWhileServing(call.hubId);
    if (this.#isJoining) {
      throw new CallError(409, 'this worker is just joining a hub that called; try again in a minute');
    }
    this.#isJoining = true;
    try {
      const { hubUrl, fingerprint } = await reachHub(call);
      await this.#leave('a hub called');
      if (this.#isStopped) throw new CallError(409, 'this worker was just stopped');
      const hub = { hubId: call.hubId, hubUrl, token: call.token, ...(fingerprint && { fingerprint }) };
      const service = this.#begin(hub);
      await this.#welcome(service);
      keepHub(this.#init.dataDirectory, hub);
      return { workerId: this.#init.workerId, name: this.#init.name, hubUrl };
    } catch (error) {
      // The hub that it served before may come back.
      if (!this.#service && !this.#isStopped) this.resume();
      throw error instanceof CallError ? error : new CallError(422, messageOf(error), { cause: error });
    } finally {
      this.#isJoining = false;
    }
  }

  /** @throws CallError where a hub other than this one has the worker */
  refuseOthers(hubId: string): void {
    const serving = this.#service;
    if (!serving?.connected || serving.hub.hubId === hubId) return;
    throw new CallError(
      409,
      `this worker serves another hub, at ${serving.hub.hubUrl}. Evict it there, or stop it, before it can serve this one`,
    );
  }

  /** Leaves the hub; it is kept for the next start. */
  async stop(reason: string): Promise<void> {
    this.#isStopped = true;
    await this.#leave(reason);
  }

  async #leave(reason: string): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    service?.controller.abort(reason);
    await service?.ended;
  }

  /** @throws CallError where any hub has the worker */
  #refuseWhileServing(hubId: string): void {
    this.refuseOthers(hubId);
    if (this.#service?.connected) {
      throw new CallError(409, `this worker is in the hub already, as ${this.#init.name}`);
    }
  }

  async #welcome(service: Service): Promise<void> {
    const deadlineMs = this.#init.welcomeDeadlineMs ?? defaultWelcomeDeadlineMs;
    const timer = setTimeout(() => {
      const reason = service.awayBecause ?? 'it did not answer';
      service.welcomed.reject(
        new CallError(422, `the hub did not welcome the worker within ${deadlineMs / 1000} s: ${reason}`),
      );
    }, deadlineMs);
    try {
      await service.welcomed.promise;
    } catch (error) {
      if (this.#service === service) await this.#leave('the hub did not welcome it');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #begin(hub: KeptHub): Service {
    const controller = new AbortController();
    const service: Service = {
      hub,
      connected: false,
      awayBecause: undefined,
      controller,
      welcomed: Promise.withResolvers(),
      ended: Promise.resolve(),
    };
    service.welcomed.promise.catch(() => undefined);
    this.#service = service;
    const settings = { hubUrl: hub.hubUrl, token: hub.token, fingerprint: hub.fingerprint };
    service.ended = this.#components
      .serve(settings, controller.signal, (event) => {
        if (event.type === 'joined') {
          service.connected = true;
          service.welcomed.resolve();
        } else if (event.type === 'hub-away') {
          service.connected = false;
          service.awayBecause = event.reason;
        }
      })
      .catch((error: unknown) => this.#onFailure(service, error))
      .finally(() => {
        service.connected = false;
        service.welcomed.reject(new Error('the worker was stopped'));
        if (this.#service === service) this.#service = undefined;
      });
    return service;
  }

  /** A hub that was kept before this one stays kept. */
  #forget({ token }: KeptHub): void {
    if (readKeptHub(this.#init.dataDirectory)?.token === token) forgetHub(this.#init.dataDirectory);
  }

  #onFailure(service: Service, error: unknown): void {
    service.welcomed.reject(error);
    if (service.controller.signal.aborted) return;
    if (isFinal(error)) this.#forget(service.hub);
    this.#components.log.warn(
      { hub: service.hub.hubUrl, reason: messageOf(error) },
      'the time with this hub is over; waiting for a call',
    );
  }
}

/** Who was told to go stays away until it is called again; what an update mends is no reason to forget a hub. */
function isFinal(error: unknown): boolean {
  const final = ['removed', 'evicted', 'no-new-devices', 'bad-token'];
  return error instanceof RefusedByHubError && final.includes(error.code);
}
