/** Nothing is added to SvelteKit's own types yet. */
export {};
