import type { ClientInit, HandleClientError } from '@sveltejs/kit/hooks';
import { messageOf } from '#lib/hub/errors.ts';
import { loadTexts } from '#lib/language/loadTexts.ts';

/** Pages are loaded after their texts: what a module says is made when the module is loaded. */
export const init: ClientInit = loadTexts;

/** Faults of the app reach +error.svelte with their own words. */
export const handleError: HandleClientError = ({ kind, error }) =>
  kind === 'unknown' ? { message: messageOf(error) } : undefined;
