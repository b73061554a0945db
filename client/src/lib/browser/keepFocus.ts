/**
 * Where the keyboard goes on when what had the focus is taken from the page: browsers leave it at the beginning of
 * everything.
 */

/** What lies above the page and goes away when it has done its work. */
const above = '[role="dialog"], [role="alertdialog"], [role="menu"]';

/** True where a dialog or a menu is open above the page. */
export const isSomethingAbove = (document: Document): boolean => document.querySelector(above) !== null;

/** What had the focus, and the elements around it, innermost first. They are read while it has a place in the page. */
interface Place {
  element: Element;
  around: Element[];
}

/**
 * Keeps the focus in the page until the returned function is called.
 * @returns also `forget`: what had the focus belongs to a page that the person leaves
 */
export function keepFocus(document: Document): { end: () => void; forget: () => void } {
  let last: Place | undefined;
  /** The last one that did not lie above the page. */
  let lastBelow: Place | undefined;
  let frame: number | undefined;
  const ending = new AbortController();

  const note = ({ target }: FocusEvent): void => {
    if (!(target instanceof Element) || target === document.body) return;
    last = { element: target, around: ancestorsOf(target) };
    if (target.closest(above) === null) lastBelow = last;
  };
  const look = (): void => {
    frame = undefined;
    if (!last || document.activeElement !== document.body || isSomethingAbove(document)) return;
    if (last.element.isConnected) return;
    const place = lastBelow ?? last;
    last = lastBelow = undefined;
    const next = place.element.isConnected
      ? place.element
      : headingAmong(place.around.filter((one) => one.isConnected));
    const main = document.querySelector('main');
    focusOn(next ?? main?.querySelector('h1') ?? main);
  };
  const observer = new MutationObserver(() => {
    // What closes a dialog gives the focus back itself first.
    if (last && document.activeElement === document.body) frame ??= requestAnimationFrame(look);
  });
  document.addEventListener('focusin', note, { signal: ending.signal });
  observer.observe(document.body, { childList: true, subtree: true });
  return {
    forget: () => (last = lastBelow = undefined),
    end: () => {
      ending.abort();
      observer.disconnect();
      if (frame !== undefined) cancelAnimationFrame(frame);
    },
  };
}

function ancestorsOf(element: Element): Element[] {
  const found: Element[] = [];
  for (let one = element.parentElement; one !== null && one.tagName !== 'BODY'; one = one.parentElement) {
    found.push(one);
  }
  return found;
}

/** The first heading of the innermost element that has one. */
function headingAmong(around: readonly Element[]): Element | undefined {
  for (const one of around) {
    const heading = one.querySelector('h1, h2, h3');
    if (heading) return heading;
  }
  return undefined;
}

/**
 * Gives something the focus, also what takes none by itself: no click gives it to that afterwards. Nothing scrolls: the
 * person looks at what they did.
 */
export function focusOn(element: Element | null | undefined): void {
  if (!(element instanceof HTMLElement)) return;
  if (!element.matches('a, button, input, select, textarea, [tabindex]')) {
    element.tabIndex = -1;
    element.addEventListener('blur', () => element.removeAttribute('tabindex'), { once: true });
  }
  element.focus({ preventScroll: true });
}
