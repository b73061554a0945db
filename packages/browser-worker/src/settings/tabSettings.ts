/** What a person chooses for this tab; kept in the browser. */

export interface TabSettings {
  /** What others see. Default: the browser and the system, such as `Firefox on Windows`. */
  name: string;
  /** Weights, caches and working memory of all stages may take this much. Default: what the device suggests. */
  memoryBytes: number | undefined;
  /** `wasm` leaves the GPU alone. Default `auto`: WebGPU where it is there and computes right. */
  device: 'auto' | 'wasm';
  /** Keeps the screen on while contributing and visible. Default false. */
  keepScreenOn: boolean;
  /** Plays a tone too quiet to hear, so that browsers do not slow a hidden tab down. Default false. */
  quietTone: boolean;
}
