/** Whether the labels in the picture of the nodes can be read: none lies on anything else. */
import { expect, type Page } from '@playwright/test';

/** @param what names the page, should one label lie on another, on a node or on the hub */
export async function expectLabelsApart(page: Page, what: string): Promise<void> {
  const labels = await boxesOf(page, 'text.round-trip, text.name, text.held');
  const others = await boxesOf(page, 'circle.hub, circle.plate');
  for (const [index, label] of labels.entries())
    for (const other of [...others, ...labels.slice(index + 1)])
      expect(cover(label, other), what).toBe(false);
}

/** Both directions of one link are lines of their own where each is half on its way, and each has its label nearer than the other. */
export async function expectCoursesApart(page: Page): Promise<void> {
  const [there, back] = await page.locator('path.course.direct').evaluateAll((paths) =>
    (paths as SVGPathElement[]).map((path) => {
      const length = path.getTotalLength();
      const toScreen = path.getScreenCTM() ?? undefined;
      return Array.from({ length: 51 }, (_, step) => {
        const point = path.getPointAtLength((length * step) / 50).matrixTransform(toScreen);
        return { x: point.x, y: point.y };
      });
    }),
  );
  const labels = await boxesOf(page, 'text.round-trip');
  const far = ({ x, y }: Point, line: readonly Point[] = []): number =>
    Math.min(...line.map((point) => Math.hypot(point.x - x, point.y - y)));
  expect(far(there?.[25] ?? { x: 0, y: 0 }, back)).toBeGreaterThan(20);
  for (const [index, { x, y, width, height }] of labels.entries()) {
    const middle = { x: x + width / 2, y: y + height / 2 };
    const [own, other] = index === 0 ? [there, back] : [back, there];
    expect(far(middle, own)).toBeLessThan(far(middle, other));
  }
}

interface Point {
  x: number;
  y: number;
}

function boxesOf(page: Page, selector: string): Promise<DOMRect[]> {
  return page
    .locator(selector)
    .evaluateAll((found) => found.map((one) => one.getBoundingClientRect().toJSON() as DOMRect));
}

/** True where they share more than a line of pixels. */
function cover(one: DOMRect, other: DOMRect): boolean {
  return (
    one.left < other.right - 1 &&
    other.left < one.right - 1 &&
    one.top < other.bottom - 1 &&
    other.top < one.bottom - 1
  );
}
