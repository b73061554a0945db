/** Which conversations of this page are still being answered, also after the person opened another one. */
import type { Message } from '@potluck/api';
import { SvelteMap } from 'svelte/reactivity';
import { live } from '#lib/live/live.svelte.ts';

class Answering {
  /** By conversation, the request that wrote its last unfinished answer. */
  readonly #requests = new SvelteMap<string, string>();

  /** Looks which answer of an open conversation is being written. */
  note(conversationId: string, messages: readonly Message[]): void {
    const request = messages.findLast(({ status }) => status === 'streaming')?.requestId;
    if (request) this.#requests.set(conversationId, request);
  }

  /** True while the hub writes an answer there. */
  has(conversationId: string): boolean {
    const request = this.#requests.get(conversationId);
    return request !== undefined && live.running.has(request);
  }
}

/** Of this page. */
export const answering = new Answering();
