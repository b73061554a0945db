/** Where texts of a picture stand, so that none covers another. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Place {
  x: number;
  y: number;
}

/** @returns the box of a text whose middle is here; widths are those of the app's font, rather too wide than too narrow */
export function textBox({ x, y }: Place, text: string, size = 12): Box {
  const width = text.length * size * 0.6 + 6;
  // Texts stand on y.
  return { x: x - width / 2, y: y - size - 1, width, height: size + 6 };
}

export function overlap(one: Box, other: Box): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

export interface LabelToPlace {
  text: string;
  /** Where it would stand best, and then. */
  places: readonly Place[];
}

/**
 * @param taken what no text may cover
 * @returns where each text stands; undefined where it has no place at all
 */
export function placeLabels(
  labels: readonly LabelToPlace[],
  taken: readonly Box[],
  size: { width: number; height: number },
): (Place | undefined)[] {
  const boxes = [...taken];
  return labels.map(({ text, places }) => {
    const found = places.find((place) => {
      const box = textBox(place, text);
      const isInside =
        box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height;
      return isInside && !boxes.some((other) => overlap(box, other));
    });
    if (found) boxes.push(textBox(found, text));
    return found;
  });
}
