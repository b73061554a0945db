/** The app by keys alone: where Tab leads, and whether people see where they are. */
import type { Locator, Page } from '@playwright/test';

export interface Stop {
  /** What a screen reader would begin with. */
  name: string;
  /** True where an outline shows that the focus is here. */
  isMarked: boolean;
  /** True where it lies in the window, and nothing lies on it. */
  isInSight: boolean;
  /** True where it comes later in the page than the stop before. */
  isLater: boolean;
}

/** More than any page has. */
const mostStops = 300;

/** Presses Tab until the focus leaves the page, or comes to its first stop again. */
export async function tabThrough(page: Page): Promise<Stop[]> {
  await page.evaluate(() => {
    // Tab goes on from where the focus was: from the beginning of the page now.
    const beginning = document.createElement('span');
    beginning.tabIndex = -1;
    document.body.prepend(beginning);
    beginning.focus();
    // It stays: the page gives the focus to a heading where what had it is taken away.
    globalThis.lastStop = undefined;
    globalThis.firstStop = undefined;
  });
  const stops: Stop[] = [];
  while (stops.length < mostStops) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(describeStop);
    if (!stop) return stops;
    stops.push(stop);
  }
  throw new Error(`Tab never leaves the page: ${JSON.stringify(stops.slice(-3))}`);
}

/** Presses Tab until the focus comes to its first stop again. @throws Error where that is not all within the element */
export async function tabAround(page: Page, within: Locator): Promise<void> {
  await page.evaluate(() => {
    globalThis.lastStop = undefined;
    globalThis.firstStop = undefined;
  });
  for (let presses = 0; presses < mostStops; presses += 1) {
    await page.keyboard.press('Tab');
    const place = await within.evaluate((element) => {
      const { activeElement: stop } = document;
      if (!stop || !element.contains(stop)) return 'outside';
      const isRound = stop === globalThis.firstStop && stop !== globalThis.lastStop;
      globalThis.firstStop ??= stop;
      globalThis.lastStop = stop;
      return isRound ? 'round' : 'within';
    });
    if (place === 'outside') throw new Error(`Tab leads out after ${presses + 1} presses`);
    if (place === 'round') return;
  }
  throw new Error('Tab never comes round');
}

declare global {
  var lastStop: Element | undefined;
  var firstStop: Element | undefined;
}

/** Runs in the page. */
function describeStop(): Stop | undefined {
  const element = document.activeElement;
  if (!element || element === document.body || element === globalThis.firstStop) return undefined;
  const before = globalThis.lastStop;
  // The parts of a date are stops of their own, which the browser marks.
  const isPart = element === before;
  globalThis.firstStop ??= element;
  globalThis.lastStop = element;
  const marks = [
    element,
    element.nextElementSibling,
    element.parentElement,
    element.closest('form, label, .zone'),
  ];
  const isMarked =
    isPart ||
    marks.some((one) => {
      if (!one) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
    });
  const labels = (element as HTMLInputElement).labels;
  const name = element.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? element.textContent ?? '';
  const box = element.getBoundingClientRect();
  const isInSight =
    box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
  return {
    name: `${element.tagName.toLowerCase()} ${name.replaceAll(/\s+/g, ' ').trim().slice(0, 60)}`,
    isMarked,
    isInSight,
    isLater:
      isPart || !before || (before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
  };
}
