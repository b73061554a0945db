/** What the operator does with workers that listen for the hub: test the connection, and add them. */
import type { AddedNode, ConnectionStep, WaitingWorker } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import {
  maxHubUrls,
  protocolVersion,
  type HubId,
  type IceServers,
  type TestCall,
  type WaitingWorkerInfo,
} from '@potluck/protocol';
import type { JoinTokens } from '../../accounts/joinTokens.ts';
import { hubUrls, type Reachability } from '../../network/reachability/reachability.ts';
import type { Trial, Trials } from '../../network/signalling/trials.ts';
import type { WorkerRegistry } from '../workerRegistry.ts';
import type { WorkerRecord } from '../workerTable.ts';
import { DialError } from './dialError.ts';
import { DialedWorker, type AuthorisedWorker } from './dialedWorker.ts';

export interface DialerComponents {
  registry: WorkerRegistry;
  joinTokens: Pick<JoinTokens, 'create' | 'remove'>;
  trials: Trials;
  /** How the hub is reached now. */
  reachability: () => Reachability;
  /** For a worker that reaches the hub at this host (and port). */
  iceServers: (hubHost: string) => IceServers;
}

export interface DialerInit {
  hubId: HubId;
  signalling: { path: string; key: string };
  forceRelay: boolean;
}

export class Dialer {
  readonly #components: DialerComponents;
  readonly #init: DialerInit;

  constructor(components: DialerComponents, init: DialerInit) {
    this.#components = components;
    this.#init = init;
  }

  /**
   * Yields each step when it is over; changes nothing. Never throws for what the other side does.
   * @param signal ends the test at once
   */
  async *test(address: WaitingWorker, signal: AbortSignal): AsyncGenerator<ConnectionStep> {
    let began = performance.now();
    const step = (rest: Omit<ConnectionStep, 'milliseconds'>): ConnectionStep => {
      const milliseconds = Math.round(performance.now() - began);
      began = performance.now();
      return { ...rest, milliseconds };
    };
    let dialed: DialedWorker | undefined;
    let trial: Trial | undefined;
    try {
      dialed = await DialedWorker.dial(address, signal);
      yield step({
        step: 'reachable',
        state: 'passed',
        message: hubText('port-open', { port: address.port }),
      });
      const { worker, info } = await this.#greet(dialed);
      yield step({ step: 'authorised', state: 'passed', message: describe(info) });
      const peer = this.#init.forceRelay ? undefined : this.#peerFor(info);
      trial = peer && this.#components.trials.begin(peer.id);
      for await (const { candidatePair: pair, ...result } of worker.test(
        this.#testCall(dialed, trial, peer),
      )) {
        const candidates = pair && { local: pair.local.type, remote: pair.remote.type };
        yield { ...withoutUndefined(result), ...(candidates && { candidates }) };
        if (result.step === 'hub' && result.state === 'failed') return;
      }
      began = performance.now();
      if (!trial) {
        const message = this.#init.forceRelay
          ? 'the hub was started with --force-relay, so workers talk through it'
          : hubText('nobody-to-connect-to', {});
        yield step({ step: 'peer', state: 'skipped', message });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof DialError)) throw error;
      yield step({ step: error.step, state: 'failed', message: error.message });
    } finally {
      trial?.end();
      dialed?.close();
    }
  }

  /**
   * Makes the worker join, with a join token of its own: revoking that, or evicting the node, ends it.
   * @throws DialError
   */
  async add(address: WaitingWorker): Promise<AddedNode> {
    const { registry, joinTokens } = this.#components;
    const dialed = await DialedWorker.dial(address);
    try {
      const { worker, info } = await this.#greet(dialed);
      const present = registry.table.get(info.workerId);
      if (present) return { id: present.id, name: present.name };
      const { token, secret } = await joinTokens.create(
        { name: info.name, expiresAt: null },
        { isTrusted: true },
      );
      try {
        const { workerId, name } = await worker.join({
          ...this.#self,
          hubUrls: this.#ways(dialed).map(({ hubUrl }) => hubUrl),
          token: secret,
        });
        return { id: workerId, name: registry.table.get(workerId)?.name ?? name };
      } catch (error) {
        await joinTokens.remove(token.id);
        throw error;
      }
    } finally {
      dialed.close();
    }
  }

  get #self(): { hubId: HubId; fingerprint?: string } {
    const { fingerprint } = this.#components.reachability();
    return { hubId: this.#init.hubId, ...(fingerprint !== undefined && { fingerprint }) };
  }

  async #greet(dialed: DialedWorker): Promise<{ worker: AuthorisedWorker; info: WaitingWorkerInfo }> {
    const worker = await dialed.authorise();
    const info = await worker.about();
    if (info.protocolVersion !== protocolVersion) {
      const code = info.protocolVersion < protocolVersion ? 'older-worker' : 'older-hub';
      const versions = { own: protocolVersion, other: info.protocolVersion };
      throw new DialError('authorised', hubText(code, versions));
    }
    return { worker, info };
  }

  /** The hub's likeliest addresses; the first is the one by which it reached the worker. */
  #ways({ hubHost }: DialedWorker): TestCall['ways'] {
    const { reachability, iceServers } = this.#components;
    const reach = reachability();
    const hosts = [...new Set([hubHost, ...reach.hosts])];
    const urls = [...hubUrls({ ...reach, hosts, publicAddresses: [] }), ...hubUrls({ ...reach, hosts: [] })];
    return [...new Set(urls)].slice(0, maxHubUrls).map((hubUrl) => ({
      hubUrl,
      iceServers: iceServers(new URL(hubUrl).host),
    }));
  }

  #testCall(dialed: DialedWorker, trial: Trial | undefined, peer: WorkerRecord | undefined): TestCall {
    const signalling = trial && { ...this.#init.signalling, token: trial.token };
    return {
      ...this.#self,
      ways: this.#ways(dialed),
      trial:
        trial && peer && signalling
          ? { workerId: trial.workerId, signalling, peer: { workerId: peer.id, name: peer.name } }
          : null,
    };
  }

  /** Another worker of the grid; tabs may be asleep, so programs come first. */
  #peerFor({ workerId }: WaitingWorkerInfo): WorkerRecord | undefined {
    const others = [...this.#components.registry.table.values()].filter(({ id }) => id !== workerId);
    return others.find(({ kind }) => kind === 'node') ?? others[0];
  }
}

function describe({ name, device, hub }: WaitingWorkerInfo): string {
  const worker = hubText('this-worker', { device: name, name: device.description });
  if (!hub) return worker;
  return `${worker}; ${hubText(hub.connected ? 'serves-hub' : 'waits-for-hub', { address: hub.hubUrl })}`;
}

/** zod leaves the keys of absent options there. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never;
}
