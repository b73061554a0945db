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
  whatFollowsName,
  type HubTextCode,
  type HubTextValues,
} from './hubTexts.ts';
export { readHubText, type KnownText } from './readHubText.ts';
