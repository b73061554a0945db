/** A grid of processes: a hub, workers, and tabs in Chromium, each of which can be lost and comes back with its files. */
import type { RequestPage } from '@potluck/api';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hasEnded } from '@potluck/machine';
import { temporaryDirectory } from '../../../testing/temporaryDirectory.ts';
import { startNodeDevice, startTabDevice } from '../devices.ts';
import { freePort, startHub, stop, type HubProcess } from '../hubProcess.ts';
import { processTree, shownOf, signalIfThere, signalTree } from '../processes.ts';
import { workersOf } from '../requests.ts';
import type { FrailRequest } from './frailProcess.ts';

export interface ProcessGridInit {
  stages: number;
  workers: number;
  tabs: number;
  /** True where the hub relays all that devices send to each other. */
  isRelayed: boolean;
  /** Told of a device that ended though nobody ended it, with its last words. */
  onEnded: (what: string) => void;
}

/** Of what a process says, so much of its end is kept. */
const lastWords = 3000;
/** A process ends so soon after one of its threads, or stays. */
const threadEndsMs = 10_000;

const preload = new URL('./frailProcess.ts', import.meta.url);

type Directory = Awaited<ReturnType<typeof temporaryDirectory>>;

export interface Device {
  /** As the hub calls it. */
  name: string;
  kind: 'node' | 'tab';
  child: ChildProcess;
  /** Where it keeps what it fetched. */
  directory: string;
  /** While it sleeps, or has ended: it is lost once. */
  isAway: boolean;
}

/** An answer that runs. */
export interface RunningAnswer {
  completionTokens: number;
  /** Through which it runs, the first stage's first; none while it waits. */
  devices: Device[];
}

export class ProcessGrid implements AsyncDisposable {
  readonly #data: Directory;
  readonly #init: ProcessGridInit;
  readonly #port: number;
  readonly #devices = new Map<string, Device>();
  #hub!: HubProcess;
  /** How long it took from the hub's start until the model was served. */
  startMs = 0;
  #isOver = false;

  private constructor(data: Directory, port: number, init: ProcessGridInit) {
    this.#data = data;
    this.#port = port;
    this.#init = init;
  }

  static async start(init: ProcessGridInit): Promise<ProcessGrid> {
    const { workers, tabs } = init;
    const data = await temporaryDirectory('potluck-chaos-');
    const grid = new ProcessGrid(data, await freePort(), init);
    const began = performance.now();
    try {
      await grid.#startHub();
      const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
      for (const number of numbers(workers)) await grid.#startDevice(`node${number}`, 'node');
      for (const number of numbers(tabs)) await grid.#startDevice(`tab${number}-1`, 'tab');
      await grid.serves();
      grid.startMs = performance.now() - began;
    } catch (error) {
      await grid[Symbol.asyncDispose]();
      throw error;
    }
    return grid;
  }

  get url(): string {
    return this.#hub.url;
  }

  kindOf(name: string): Device['kind'] | undefined {
    return this.#devices.get(name)?.kind;
  }

  /** Answers that run now; none while the hub is away. */
  async running(): Promise<RunningAnswer[]> {
    const response = await fetch(`${this.url}/api/requests?status=running`);
    const { requests = [] } = (await response.json()) as Partial<RequestPage>;
    return requests.map(({ route, completionTokens }) => ({
      completionTokens,
      devices: workersOf(route).flatMap((name) => this.#devices.get(name) ?? []),
    }));
  }

  /** Devices through which an answer runs now, the first stage's first. */
  async inUse(): Promise<Device[]> {
    return [...new Set((await this.running()).flatMap(({ devices }) => devices))];
  }

  /** Devices through which no answer runs. */
  async spares(): Promise<Device[]> {
    const inUse = await this.inUse();
    return [...this.#devices.values()].filter((device) => !inUse.includes(device));
  }

  /** Resolves when the model is served, or nobody waits for that any more. */
  async serves(signal?: AbortSignal): Promise<void> {
    while (signal?.aborted !== true) {
      const status = await fetch(`${this.url}/health/ready`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) return;
      await pause(200);
    }
  }

  /** What is going on, for people who look for what stands still. */
  async describe(): Promise<string> {
    const of = (path: string): Promise<unknown> => fetch(this.url + path).then((response) => response.json());
    const [nodes, deployments, requests] = await Promise.all(
      ['/api/nodes', '/api/deployments', '/api/requests?status=running'].map((path) =>
        of(path).catch((error: unknown) => String(error)),
      ),
    );
    return JSON.stringify({ nodes, deployments, requests });
  }

  /** All processes of a device end without a word. It starts again after a while. */
  async kill(device: Device, awayMs: number): Promise<void> {
    const { child } = device;
    device.isAway = true;
    signalTree(child.pid ?? 0, 'SIGKILL');
    await stop(child, 'SIGKILL');
    await this.#comesBack(device, awayMs);
  }

  /** A device ends as its user ends it, with a goodbye. It starts again after a while. */
  async close(device: Device, awayMs: number): Promise<void> {
    device.isAway = true;
    await stop(device.child);
    await this.#comesBack(device, awayMs);
  }

  async sleep(device: Device, milliseconds: number): Promise<void> {
    const { child } = device;
    device.isAway = true;
    signalTree(child.pid ?? 0, 'SIGSTOP');
    await pause(milliseconds);
    signalTree(child.pid ?? 0, 'SIGCONT');
    device.isAway = false;
  }

  /** Asks something of the process of a worker. @returns false where it has ended, or is that of a tab */
  ask({ child }: Device, request: FrailRequest): boolean {
    return child.connected && child.send(request);
  }

  /** The thread of a worker that computes ends; where that ends the process, amid a step, it starts again. */
  async endThread(device: Device, awayMs: number): Promise<void> {
    device.isAway = true;
    const ended = once(device.child, 'exit').then(() => true);
    this.ask(device, 'end thread');
    if (await Promise.race([ended, pause(threadEndsMs, false)])) await this.#comesBack(device, awayMs);
    else device.isAway = false;
  }

  /** What a device has kept on its disk is gone. */
  async loseFiles({ directory }: Device): Promise<void> {
    const blobs = path.join(directory, 'blobs');
    for (const name of await readdir(blobs))
      await rm(path.join(blobs, name), { recursive: true, force: true });
  }

  /** The page of a tab crashes; its browser opens it again. @returns false where there is none */
  crashPage({ child }: Device): boolean {
    const pages = processTree(child.pid ?? 0).filter((pid) =>
      shownOf(pid).commandLine.includes('--type=renderer'),
    );
    for (const pid of pages) signalIfThere(pid, 'SIGKILL');
    return pages.length > 0;
  }

  /** The hub ends, and is started again on the same files. */
  async loseHub(signal: 'SIGKILL' | 'SIGTERM', awayMs: number): Promise<void> {
    await stop(this.#hub.child, signal);
    await pause(awayMs);
    await this.#startHub();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const { child } of this.#devices.values()) {
      if (!hasEnded(child)) signalTree(child.pid ?? 0, 'SIGCONT');
      await stop(child);
    }
    await stop(this.#hub.child);
    await this.#data[Symbol.asyncDispose]();
  }

  async #startHub(): Promise<void> {
    const { stages, isRelayed } = this.#init;
    const flags = ['--stages', String(stages), '--local-workers', '0', '--context-length', '1024'];
    if (isRelayed) flags.push('--force-relay');
    // As fast as this machine was, a device could be back several times.
    const deviceWait = String(Math.max(240, Math.ceil(this.startMs / 200)));
    this.#hub = await startHub({
      ...{ port: this.#port, dataDirectory: path.join(this.#data.path, 'hub'), waitUntilReady: false },
      flags: [...flags, '--https-port', 'off', '--stop-wait', '0', '--device-wait', deviceWait],
    });
  }

  async #startDevice(name: string, kind: Device['kind']): Promise<void> {
    const directory = path.join(this.#data.path, name);
    const child =
      kind === 'tab'
        ? await startTabDevice(this.#hub, name.replace(/-1$/, ''), directory)
        : await startNodeDevice(this.#hub, name, directory, preload);
    const device: Device = { name, kind, child, directory, isAway: false };
    this.#devices.set(name, device);
    let words = '';
    for (const output of [child.stdout, child.stderr])
      output?.on('data', (text: string) => (words = (words + text).slice(-lastWords)));
    child.once('exit', (code, signal) => {
      if (!device.isAway && !this.#isOver) this.#init.onEnded(`${name} ended, ${signal ?? code}: ${words}`);
    });
  }

  async #comesBack({ name, kind }: Device, awayMs: number): Promise<void> {
    await pause(awayMs);
    await this.#startDevice(name, kind);
  }
}
