/**
 * True for a key that an input method takes, such as the Enter that accepts Japanese words. It is not for the app.
 * In Safari, that Enter comes after the composition's end: only its key code, 229, tells it apart (W3C UI Events, 7.3.1).
 */
export function isForInputMethod({
  isComposing,
  keyCode,
}: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean {
  return isComposing || keyCode === 229;
}
