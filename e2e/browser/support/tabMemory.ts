/** What a tab that contributes holds in memory, counted from outside. */
import type { Page } from '@playwright/test';
import { runFirstInWorkers } from './firstInWorkers.ts';
import { devToolsOfPage, devToolsOfWorker, type DevTools } from './devTools.ts';

export interface TabMemory {
  /**
   * Script's objects, array buffers and what the browser keeps for them, after garbage collection: of the page, the
   * agent's web worker and the engine's. Wasm's threads can't be asked, as they never return from their loop.
   */
  scriptBytes: number;
  /** Of all `WebAssembly.Memory` that were made; they never shrink. */
  wasmBytes: number;
  /** Of all GPU buffers that were created and not destroyed. */
  gpuBytes: number;
  gpuBuffers: number;
}

interface Counted {
  wasmBytes: number;
  gpuBytes: number;
  gpuBuffers: number;
}

declare global {
  var countHeld: () => Counted;
}

/** Has wasm memories and GPU buffers counted in the page and in each of its web workers, from their first line on. */
export async function countMemory(page: Page): Promise<void> {
  await page.addInitScript(count);
  await runFirstInWorkers(page, `(${count.toString()})();`);
}

/** To be called once the tab serves; each call of what it returns measures. */
export async function tabMemory(page: Page): Promise<() => Promise<TabMemory>> {
  const ofPage = await devToolsOfPage(page);
  const ofAgent = await devToolsOfWorker(ofPage, 'potluck-agent');
  const ofEngine = await devToolsOfWorker(ofAgent, 'potluck-engine');
  return async () => {
    let scriptBytes = 0;
    for (const devTools of [ofPage, ofAgent, ofEngine]) scriptBytes += await scriptBytesOf(devTools);
    const { result } = (await ofEngine.send('Runtime.evaluate', {
      expression: 'countHeld()',
      returnByValue: true,
    })) as { result: { value: Counted } };
    return { scriptBytes, ...result.value };
  };
}

async function scriptBytesOf(devTools: DevTools): Promise<number> {
  // Once is not enough where the browser's own objects and script's hold each other.
  for (let times = 0; times < 3; times++) await devTools.send('HeapProfiler.collectGarbage');
  const heap = (await devTools.send('Runtime.getHeapUsage')) as {
    usedSize: number;
    embedderHeapUsedSize: number;
    backingStorageSize: number;
  };
  return heap.usedSize + heap.embedderHeapUsedSize + heap.backingStorageSize;
}

/** Runs in the page, and by its own text in every web worker below: it may refer to nothing around it. */
function count(): void {
  const memories = new Set<WebAssembly.Memory>();
  const buffers = new Map<GPUBuffer, number>();
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.add(this);
    }
  };
  const afterEach = (owner: object, name: string, then: (...call: never[]) => void): void => {
    const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
    Reflect.set(owner, name, function (this: unknown, ...args: unknown[]) {
      const result = original.apply(this, args);
      then(...([this, result, ...args] as never[]));
      return result;
    });
  };
  if ('GPUDevice' in globalThis) {
    afterEach(GPUDevice.prototype, 'createBuffer', (_device: GPUDevice, buffer: GPUBuffer) => {
      buffers.set(buffer, buffer.size);
    });
    afterEach(GPUBuffer.prototype, 'destroy', (buffer: GPUBuffer) => buffers.delete(buffer));
  }
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  globalThis.countHeld = () => ({
    wasmBytes: sum([...memories].map(({ buffer }) => buffer.byteLength)),
    gpuBytes: sum(buffers.values()),
    gpuBuffers: buffers.size,
  });
}
