/** The app runs in the browser only: all that it shows comes from the hub's API. */
export const ssr = false;
export const prerender = false;
