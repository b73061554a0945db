/**
 * What the hub says to people, in English, and what of it can be told apart again.
 *
 * ```ts
 * const text = hubText('disconnected', { device: 'garage' }); // garage disconnected
 * readHubText(text); // { code: 'disconnected', values: { device: 'garage' } }
 * ```
 */
export {
  deviceTexts,
  importTexts,
  hubText,
  hubTexts,
  layersText,
  whatFollowsName,
  type HubTextCode,
  type HubTextValues,
} from './hubTexts.ts';
export { deviceLogTexts } from './deviceLogTexts.ts';
export { saidTexts } from './saidTexts.ts';
export { readHubText, type KnownText } from './readHubText.ts';
