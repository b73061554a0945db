/** Puts text on the clipboard, also on plain-HTTP pages, where `navigator.clipboard` does not exist. */
export async function copyText(text: string): Promise<void> {
  // Typed as always there, which it is not outside secure contexts.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) {
    await clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  // Deprecated, and the only way there is here.
  document.execCommand('copy');
  area.remove();
}
