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
