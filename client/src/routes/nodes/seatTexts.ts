/** What stands at a seat of the picture: the node's name, and below it what it holds. */
import type { Stage } from '@potluck/api';
import { counted } from '#lib/format/counted.ts';
import { formatLayers, layerNumbers } from '#lib/format/formatLayers.ts';
import type { LabelSpace, Place, PlacedLabel } from './placeLabels.ts';
import { comma } from '#lib/language/marks.ts';

/** Sizes of the fonts, in pixels. */
const nameSize = 13;
const lineSize = 12;
const mostLines = 3;
/** From one line to the next, in pixels. */
const lineHeight = 15;
/** Where a text has no room, it is cut to so many signs. */
const lengths = [24, 18, 14, 11, 8, 6];

/** What stands below a node's name: its layers, and of which model where it has several. */
export function linesUnder(stages: readonly Pick<Stage, 'model' | 'firstLayer' | 'lastLayer'>[]): string[] {
  const [only] = stages;
  if (only && stages.length === 1) return [formatLayers(only)];
  const models = new Map<string, string[]>();
  for (const stage of stages) {
    models.set(stage.model, [...(models.get(stage.model) ?? []), layerNumbers(stage)]);
  }
  if (models.size < 2) return [...models.values()].map((ranges) => `layers ${ranges.join(comma)}`);
  const lines = [...models].map(([model, ranges]) => `${model}: ${ranges.join(comma)}`);
  if (lines.length <= mostLines) return lines;
  return [
    ...lines.slice(0, mostLines - 1),
    counted(lines.length - mostLines + 1, ['and # more model', 'and # more models']),
  ];
}

export interface SeatToLabel extends Place {
  name: string;
  lines: readonly string[];
}

export interface SeatTexts {
  /** Undefined where there is no room for any of it. */
  name: PlacedLabel | undefined;
  lines: PlacedLabel[];
}

/**
 * Names come first, below their plates or above them, then all first lines, then all second ones: what has no room is cut,
 * and then left out with the lines below it. The tables say all of it.
 * @param radius of a plate, in pixels
 */
export function placeSeatTexts(
  seats: readonly SeatToLabel[],
  radius: number,
  space: LabelSpace,
): SeatTexts[] {
  const texts = seats.map(({ x, y, name }): SeatTexts => {
    const places = [
      { x, y: y + radius + nameSize + 3 },
      { x, y: y - radius - 6 },
    ];
    return { name: space.place({ texts: cuts(name), places, size: nameSize }), lines: [] };
  });
  for (let index = 0; index < mostLines; index += 1) {
    for (const [seat, { x, y, lines }] of seats.entries()) {
      const { name, lines: placed } = texts[seat] as SeatTexts;
      const line = lines[index];
      if (line === undefined || placed.length < index) continue;
      const isNameBelow = name !== undefined && name.y > y;
      const first = y + radius + (isNameBelow ? nameSize + 3 + lineHeight : lineSize + 3);
      const label = space.place({ texts: cuts(line), places: [{ x, y: first + lineHeight * index }] });
      if (label) placed.push(label);
    }
  }
  return texts;
}

/**
 * The text, and shorter ones. Of `a model: 0–3` the layers stay, and beginning and end of the model: variants of one model differ
 * at its end.
 */
function cuts(text: string): string[] {
  const [, head = text, end = ''] = /^(.{7,})(: [\d–, ]+)$/.exec(text) ?? [];
  const signs = [...head];
  const shorter = lengths.filter((length) => length < signs.length);
  return [text, ...shorter.map((length) => `${cut(signs, length, end !== '')}${end}`)];
}

function cut(signs: readonly string[], length: number, keepsEnd: boolean): string {
  const kept = length - 1;
  const last = keepsEnd ? Math.floor(kept / 2) : 0;
  return [...signs.slice(0, kept - last), '…', ...signs.slice(signs.length - last)].join('');
}
