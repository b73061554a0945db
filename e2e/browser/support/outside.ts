/** What sticks out of a window at its right, where people of a phone would have to scroll the whole page. */
import type { Page } from '@playwright/test';

/**
 * @returns a few words about each element that ends beyond the window and is in no box that scrolls by itself, and about the
 * page and each dialog where it is wider than what is seen of it; empty where all is inside
 */
export function outsideWindow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    /** What is placed belongs to the nearest placed box, and scrolls with that only. */
    const isIn = (element: Element, is: (style: CSSStyleDeclaration) => boolean): boolean => {
      const isPlaced = getComputedStyle(element).position === 'absolute';
      const box = isPlaced && element instanceof HTMLElement ? element.offsetParent : element.parentElement;
      return box !== null && (is(getComputedStyle(box)) || isIn(box, is));
    };
    const width = document.documentElement.clientWidth;
    const outside = [...document.querySelectorAll('body *')].filter((element) => {
      const { right, width: own } = element.getBoundingClientRect();
      return own > 0 && right > width + 1;
    });
    const told = outside
      .filter(
        (element) =>
          !isIn(element, ({ overflowX }) => ['auto', 'scroll'].includes(overflowX)) &&
          !isIn(element, ({ textOverflow }) => textOverflow === 'ellipsis'),
      )
      .map((element) => {
        const { right } = element.getBoundingClientRect();
        const name = `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`;
        return `${name} ends at ${Math.round(right)} of ${width}: ${(element.textContent ?? '').trim().slice(0, 60)}`;
      });
    const dialogs = [...document.querySelectorAll('[role="dialog"], [role="alertdialog"], [role="menu"]')];
    const tooWide = [document.documentElement, ...dialogs]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map((box) => `${box.role ?? 'the page'} is ${box.scrollWidth} of ${box.clientWidth} wide`);
    return [...tooWide, ...told];
  });
}
