/** A tone below hearing: browsers do not slow down tabs that play something. */

const frequencyHz = 30;
/** About -60 dB: enough to count as sound, too little to be heard. */
const gain = 0.001;
/** Browsers let a page play once a person did something there, such as these. */
const gestures = ['click', 'keydown'] as const;

export interface QuietTone {
  /** Wanted from now on; it begins as soon as the browser allows it. */
  want(wanted: boolean): void;
}

/** @param onChange told whether it plays */
export function quietTone(onChange: (plays: boolean) => void): QuietTone {
  let context: AudioContext | undefined;

  function open(): AudioContext {
    const opened = new AudioContext();
    const volume = new GainNode(opened, { gain });
    const oscillator = new OscillatorNode(opened, { frequency: frequencyHz });
    oscillator.connect(volume).connect(opened.destination);
    oscillator.start();
    const tell = (): void => {
      if (context === opened) onChange(opened.state === 'running');
    };
    opened.addEventListener('statechange', tell);
    queueMicrotask(tell);
    return opened;
  }

  // After a reload nobody has clicked yet, and a call may have taken the sound away.
  const play = (): void => {
    if (context && context.state !== 'running') void context.resume().catch(() => undefined);
  };
  for (const gesture of gestures) document.addEventListener(gesture, play);

  return {
    want(wanted) {
      if (wanted && !context && 'AudioContext' in globalThis) context = open();
      if (wanted) {
        play();
        return;
      }
      void context?.close();
      context = undefined;
      onChange(false);
    },
  };
}
