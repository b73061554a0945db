/** A grid of processes: a hub, workers, and tabs in Chromium, each of which can be lost and comes back with its files. */
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hasEnded } from '@potluck/machine';
import { temporaryDirectory } from '../../../testing/temporaryDirectory.ts';
import { startNodeDevice, startTabDevice } from '../devices.ts';
import { freePort, startHub, stop, type HubProcess } from '../hubProcess.ts';
import { processTree, shownOf, signalIfThere, signalTree } from '../processes.ts';
import { workersOf } from '../requests.ts';

export interface ProcessGridInit {
  stages: number;
  workers: number;
  tabs: number;
}

type Directory = Awaited<ReturnType<typeof temporaryDirectory>>;

export interface Device {
  /** As the hub calls it. */
  name: string;
  kind: 'node' | 'tab';
  child: ChildProcess;
  isAsleep: boolean;
}

export class ProcessGrid implements AsyncDisposable {
  readonly #data: Directory;
  readonly #stages: number;
  readonly #port: number;
  readonly #devices = new Map<string, Device>();
  #hub!: HubProcess;

  private constructor(data: Directory, port: number, stages: number) {
    this.#data = data;
    this.#port = port;
    this.#stages = stages;
  }

  static async start({ stages, workers, tabs }: ProcessGridInit): Promise<ProcessGrid> {
    const data = await temporaryDirectory('potluck-chaos-');
    const grid = new ProcessGrid(data, await freePort(), stages);
    try {
      await grid.#startHub();
      const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
      for (const number of numbers(workers)) await grid.#startDevice(`node${number}`, 'node');
      for (const number of numbers(tabs)) await grid.#startDevice(`tab${number}-1`, 'tab');
      await grid.serves();
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

  /** Devices through which an answer runs now. */
  async inUse(): Promise<Device[]> {
    const response = await fetch(`${this.url}/api/requests?status=running`);
    // None while the hub starts.
    const { requests = [] } = (await response.json()) as { requests?: { route: string }[] };
    const names = new Set(requests.flatMap(({ route }) => workersOf(route)));
    return [...names].flatMap((name) => this.#devices.get(name) ?? []);
  }

  /** Resolves when the model is served. */
  async serves(): Promise<void> {
    for (;;) {
      const status = await fetch(`${this.url}/health/ready`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) return;
      await pause(200);
    }
  }

  /** All processes of a device end without a word. It starts again after a while. */
  async kill(device: Device, awayMs: number): Promise<void> {
    const { child } = device;
    signalTree(child.pid ?? 0, 'SIGKILL');
    await stop(child, 'SIGKILL');
    await this.#comesBack(device, awayMs);
  }

  /** A device ends as its user ends it, with a goodbye. It starts again after a while. */
  async close(device: Device, awayMs: number): Promise<void> {
    await stop(device.child);
    await this.#comesBack(device, awayMs);
  }

  async sleep(device: Device, milliseconds: number): Promise<void> {
    const { child } = device;
    device.isAsleep = true;
    signalTree(child.pid ?? 0, 'SIGSTOP');
    await pause(milliseconds);
    signalTree(child.pid ?? 0, 'SIGCONT');
    device.isAsleep = false;
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
    for (const { child } of this.#devices.values()) {
      if (!hasEnded(child)) signalTree(child.pid ?? 0, 'SIGCONT');
      await stop(child);
    }
    await stop(this.#hub.child);
    await this.#data[Symbol.asyncDispose]();
  }

  async #startHub(): Promise<void> {
    const flags = ['--stages', String(this.#stages), '--local-workers', '0', '--context-length', '1024'];
    this.#hub = await startHub({
      ...{ port: this.#port, dataDirectory: path.join(this.#data.path, 'hub'), waitUntilReady: false },
      flags: [...flags, '--https-port', 'off', '--stop-wait', '0', '--device-wait', '240'],
    });
  }

  async #startDevice(name: string, kind: Device['kind']): Promise<void> {
    const directory = path.join(this.#data.path, name);
    const child =
      kind === 'tab'
        ? await startTabDevice(this.#hub, name.replace(/-1$/, ''), directory)
        : await startNodeDevice(this.#hub, name, directory);
    this.#devices.set(name, { name, kind, child, isAsleep: false });
  }

  async #comesBack({ name, kind }: Device, awayMs: number): Promise<void> {
    await pause(awayMs);
    await this.#startDevice(name, kind);
  }
}
