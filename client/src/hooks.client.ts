import type { HandleClientError } from '@sveltejs/kit/hooks';
import { messageOf } from '#lib/hub/errors.ts';

/** Faults of the app reach +error.svelte with their own words. */
export const handleError: HandleClientError = ({ kind, error }) =>
  kind === 'unknown' ? { message: messageOf(error) } : undefined;
