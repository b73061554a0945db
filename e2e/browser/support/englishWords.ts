/** Which words on a page are English, though the page is in another language. */
import type { Page } from '@playwright/test';

/** Small words that stand in nearly every English sentence, and in no German one. */
const small =
  /(?<!\p{L})(the|this|that|these|is|are|isn’t|of|with|your|you|not|has|have|which|from|their|when|and|it|its|for|to|by|other|first|only|more|no|all|here|again)(?!\p{L})/iu;
/** Where people read what programs or models say, or names. */
const quoted = '.markdown, code, pre, kbd, script, noscript, style, textarea, .katex';

/** What can be read or heard on the page and has English words in it, in the order of the page. */
export async function englishOn(page: Page): Promise<string[]> {
  const texts = await page.evaluate((skipped) => {
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node instanceof Element ? node : node.parentElement;
      if (!element || element.closest(skipped)) continue;
      if (node instanceof Element) {
        for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
          found.push(element.getAttribute(name) ?? '');
      } else found.push(node.textContent ?? '');
    }
    return found;
  }, quoted);
  return [...new Set(texts.map((text) => text.replaceAll(/\s+/g, ' ').trim()))].filter((text) =>
    small.test(text),
  );
}
