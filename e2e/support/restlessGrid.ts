/** A hub and devices, each in a process of its own, that sleep, die and start again while the others live on. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hasEnded } from '@potluck/machine';
import { startNodeDevice, startTabDevice } from './devices.ts';
import { freePort, startHub, stop, type HubProcess } from './hubProcess.ts';
import { signalTree } from './processes.ts';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';

const model = 'minimind2-small';
/** What people may expect: a device that was away is back this long after the hub and the device both are there. */
const backWithinMs = 30_000;
/** Generous: a busy machine loads weights slowly. */
const servesWithinMs = 240_000;

export type Way = 'direct' | 'relayed';

export interface RestlessGrid extends AsyncDisposable {
  /** Every device of these sleeps so long, then wakes up. */
  sleep(names: string[], seconds: number): Promise<void>;
  /** The hub's process dies, with these devices in the same moment; the hub comes back, then they do. */
  crash(names: string[], way: Way): Promise<void>;
  /**
   * Waits until every device is a node again by itself, then until an answer runs through all of them.
   * @returns milliseconds until the last node was back
   * @throws if that takes longer than 30 s
   */
  back(): Promise<number>;
  /** Begins a long answer, which a disturbance may end. */
  beginAnswer(): void;
}

/** @param tab whether one of the devices is a tab, called `tab-1`, beside the workers `ada` and `bob` */
export async function startRestlessGrid({ tab }: { tab: boolean }, way: Way): Promise<RestlessGrid> {
  const data = await temporaryDirectory('potluck-restless-');
  const port = await freePort();
  const names = ['ada', 'bob', ...(tab ? ['tab-1'] : [])];
  const devices = new Map<string, ChildProcess>();
  let hub: HubProcess;
  let answer: Promise<unknown> = Promise.resolve();

  async function beginHub(by: Way): Promise<void> {
    const flags = ['--local-workers', '0', '--stages', String(names.length), '--context-length', '512'];
    hub = await startHub({
      port,
      dataDirectory: path.join(data.path, 'hub'),
      waitUntilReady: false,
      flags: [...flags, '--https-port', 'off', ...(by === 'relayed' ? ['--force-relay'] : [])],
    });
  }

  async function beginDevice(name: string): Promise<void> {
    const directory = path.join(data.path, name);
    const begun =
      name === 'tab-1' ? startTabDevice(hub, 'tab', directory) : startNodeDevice(hub, name, directory);
    devices.set(name, await begun);
  }

  const pidOf = (name: string): number => devices.get(name)?.pid ?? 0;

  async function ask(content: string, maxTokens: number): Promise<Response> {
    const response = await fetch(`${hub.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model, messages: [{ role: 'user', content }], temperature: 0, max_tokens: maxTokens },
        // The token that ends an answer does not come.
        logit_bias: { 2: -100 },
      }),
    });
    await response.arrayBuffer();
    return response;
  }

  /** An answer runs through all devices. */
  async function answered(): Promise<void> {
    let last = '';
    await until(
      servesWithinMs,
      async () => {
        const response = await ask('Hi', 4);
        const route = response.headers.get('x-potluck-route') ?? '';
        last = `${response.status} ${route}`;
        return response.ok && names.every((name) => route.includes(`${name}[`));
      },
      () => `no answer runs through all of them: ${last}`,
    );
  }

  const grid: RestlessGrid = {
    async sleep(sleeping, seconds) {
      for (const name of sleeping) signalTree(pidOf(name), 'SIGSTOP');
      await pause(seconds * 1000);
      for (const name of sleeping) signalTree(pidOf(name), 'SIGCONT');
    },
    async crash(dying, by) {
      const children = [hub.child, ...dying.map((name) => devices.get(name) as ChildProcess)];
      const ended = children.map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
      // Long enough for the others to see that nobody is there.
      await pause(6_000);
      await beginHub(by);
      for (const name of dying) await beginDevice(name);
    },
    async back() {
      const started = performance.now();
      let here: string[] = [];
      await until(
        backWithinMs,
        async () => {
          here = await namesAt(hub);
          return names.every((name) => here.includes(name));
        },
        () => `only these are back: ${here.join(', ')}`,
      );
      const milliseconds = performance.now() - started;
      // What was under way has ended, in whatever way.
      await answer;
      await answered();
      return milliseconds;
    },
    beginAnswer() {
      answer = ask('Tell me a long story about the sea.', 400).catch(() => undefined);
    },
    async [Symbol.asyncDispose]() {
      for (const child of devices.values()) {
        if (!hasEnded(child)) signalTree(child.pid ?? 0, 'SIGCONT');
        await stop(child);
      }
      await stop(hub.child);
      await data[Symbol.asyncDispose]();
    },
  };

  await beginHub(way);
  try {
    for (const name of names) await beginDevice(name);
    await answered();
  } catch (error) {
    await grid[Symbol.asyncDispose]();
    throw error;
  }
  return grid;
}

/** Names of the nodes at a hub; none while it starts. */
async function namesAt(hub: HubProcess): Promise<string[]> {
  const response = await fetch(`${hub.url}/api/nodes`);
  const { nodes = [] } = (await response.json()) as { nodes?: { name: string }[] };
  return nodes.map(({ name }) => name);
}

/** Asks every 200 ms. @throws Error with `problem` where it takes longer than `deadlineMs` */
async function until(deadlineMs: number, test: () => Promise<boolean>, problem: () => string): Promise<void> {
  const started = performance.now();
  while (!(await test())) {
    if (performance.now() - started > deadlineMs) throw new Error(`after ${deadlineMs} ms ${problem()}`);
    await pause(200);
  }
}
