/** Chromium on Linux ends itself on pages with text where the machine has no font at all (seen with 153). */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const noFonts =
  'This machine has no fonts, and Chromium can end itself on a page then: install some ' +
  '(Debian, Ubuntu: apt install fonts-dejavu-core)';

const fontFile = /\.(ttf|otf|ttc|pfb|pcf(\.gz)?|woff2?)$/i;
const folders = [
  ...[
    '/usr/share/fonts',
    '/usr/local/share/fonts',
    '/usr/share/X11/fonts',
    '/run/current-system/sw/share/X11/fonts',
  ],
  ...[join(homedir(), '.fonts'), join(homedir(), '.local/share/fonts')],
];

/**
 * @param environment what the browser gets; a fontconfig of its own counts as fonts
 * @param list paths of all files below a folder
 */
export function hasFonts(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
  list: (folder: string) => string[] = filesBelow,
): boolean {
  if (platform !== 'linux') return true;
  if (environment['FONTCONFIG_PATH'] ?? environment['FONTCONFIG_FILE']) return true;
  return folders.some((folder) => list(folder).some((file) => fontFile.test(file)));
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}
