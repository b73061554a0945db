/** Whether this browser's person wants to see how sure the model is of each word. */

const storageKey = 'potluck:shows-tokens';

export function readTokensShown(): boolean {
  try {
    return localStorage.getItem(storageKey) !== null;
  } catch {
    return false;
  }
}

export function keepTokensShown(isShown: boolean): void {
  try {
    if (isShown) localStorage.setItem(storageKey, 'yes');
    else localStorage.removeItem(storageKey);
  } catch {
    // It lasts as long as the page.
  }
}
