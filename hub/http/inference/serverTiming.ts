import type { RequestRecord } from '../../generation/requestRecord.ts';

/** Where the time of a request went, for a browser's developer tools. */
export function serverTiming({ queueMs, firstTokenMs, totalMs, stages }: RequestRecord): string {
  const entry = (name: string, milliseconds: number | null, description?: string): string[] =>
    milliseconds === null
      ? []
      : [
          `${name}${description === undefined ? '' : `;desc="${description}"`};dur=${milliseconds.toFixed(1)}`,
        ];
  return [
    ...entry('queue', queueMs),
    ...entry('first-token', firstTokenMs),
    ...stages.flatMap(({ firstLayer, lastLayer, timings }, index) =>
      entry(`stage-${index}`, timings?.computeMs ?? null, `layers ${firstLayer} to ${lastLayer}`),
    ),
    ...entry('total', totalMs),
  ].join(', ');
}
