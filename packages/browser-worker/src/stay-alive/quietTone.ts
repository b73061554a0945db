/** A tone below hearing: browsers do not slow down tabs that play something. */

const frequencyHz = 30;
/** About -60 dB: enough to count as sound, too little to be heard. */
const gain = 0.001;

export interface QuietTone {
  /** @returns false where the browser wants a click first, or has no sound */
  start(): Promise<boolean>;
  stop(): void;
}

export function quietTone(): QuietTone {
  let context: AudioContext | undefined;
  return {
    async start() {
      if (!('AudioContext' in globalThis)) return false;
      if (!context) {
        context = new AudioContext();
        const volume = new GainNode(context, { gain });
        const oscillator = new OscillatorNode(context, { frequency: frequencyHz });
        oscillator.connect(volume).connect(context.destination);
        oscillator.start();
      }
      if (!navigator.userActivation?.hasBeenActive && context.state === 'suspended') return false;
      await context.resume();
      return context.state === 'running';
    },
    stop() {
      void context?.close();
      context = undefined;
    },
  };
}
