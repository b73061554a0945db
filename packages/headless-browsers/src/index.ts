/**
 * Chromium tabs as workers on machines where nobody sits: each opens the hub's join page and contributes.
 *
 * @example
 * await runBrowsers(['--hub', 'https://192.168.1.5:8443/join#token=…', '--count', '2']);
 */
export { findBrowser, type FoundBrowser } from './browser/findBrowser.ts';
export { gpuFlags, type Gpu } from './browser/gpuFlags.ts';
export { BrowserError } from './errors.ts';
export { runBrowsers } from './main.ts';
