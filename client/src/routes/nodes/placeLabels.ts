/** Where texts of a picture stand, so that none covers another. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Place {
  x: number;
  y: number;
}

/** Signs that are as wide as they are high: Chinese, Japanese, Korean, and pictures. */
const wideSigns =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]|\p{Emoji_Presentation}/gu;
/** Letters that are nearly as wide as those. */
const broadLetters = /[MWmw%@]/g;
const capitals = /(?![MW])\p{Lu}/gu;

/** @returns the box of a text whose middle is here; widths are those of the app's font, rather too wide than too narrow */
export function textBox({ x, y }: Place, text: string, size = 12): Box {
  const count = (signs: RegExp): number => text.match(signs)?.length ?? 0;
  const [wide, broad, capital] = [count(wideSigns), count(broadLetters), count(capitals)];
  const others = text.length - wide - broad - capital;
  const width = size * (wide * 1.05 + broad * 0.9 + capital * 0.72 + others * 0.6) + 6;
  // Texts stand on y, and some letters reach below.
  return { x: x - width / 2, y: y - size, width, height: size + 3 };
}

export function overlap(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** True where the point lies in the box. */
export function holds({ x, y, width, height }: Box, point: Place): boolean {
  return point.x >= x && point.x <= x + width && point.y >= y && point.y <= y + height;
}

export interface LabelToPlace {
  /** What it says at best, and then: shorter ones. */
  texts: readonly string[];
  /** Where it would stand best, and then. */
  places: readonly Place[];
  /** Of its font, in pixels. Default: that of `textBox`. */
  size?: number;
  /** False for a place where it would be taken for the label of something else. Default: none is. */
  mayStand?: (at: Place, box: Box) => boolean;
}

export interface PlacedLabel extends Place {
  text: string;
}

/** A picture that is being filled with texts. */
export class LabelSpace {
  readonly #size: { width: number; height: number };
  readonly #taken: Box[];

  /** @param taken what no text may cover */
  constructor(size: { width: number; height: number }, taken: readonly Box[]) {
    this.#size = size;
    this.#taken = [...taken];
  }

  /** @returns where the text stands, and no other from now on; undefined where there is no place for any of it */
  place({ texts, places, size, mayStand = () => true }: LabelToPlace): PlacedLabel | undefined {
    for (const text of texts) {
      for (const at of places) {
        const box = textBox(at, text, size);
        if (!this.#isFree(box) || !mayStand(at, box)) continue;
        this.#taken.push(box);
        return { ...at, text };
      }
    }
    return undefined;
  }

  #isFree(box: Box): boolean {
    const { width, height } = this.#size;
    const isInside = box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
    return isInside && !this.#taken.some((other) => overlap(box, other));
  }
}
