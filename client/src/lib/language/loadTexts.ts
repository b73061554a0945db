/** Reads all that the app says in the language of the page; other languages stay where they are. */
import { load as loadWordsOfHub } from '../../locales/hub.loader.js';
import { load as loadComponents } from '../../locales/main.loader.svelte.js';
import { load as loadModules } from '../../locales/modules.loader.js';
import { loadHubWords } from '#lib/hub/fromHub.ts';
import { language } from './language.ts';

/** Called before anything is shown. */
export async function loadTexts(): Promise<void> {
  const hub = language === 'en' ? [] : [loadWordsOfHub(), loadHubWords()];
  await Promise.all([loadComponents(), loadModules(), ...hub]);
}
