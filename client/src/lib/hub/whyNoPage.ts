/** Why a page did not load, as far as its error tells: a part of the app did not come, or the app itself failed. */
export function whyNoPage(message: string | undefined): 'part-missing' | 'app-failed' {
  const isPart = /dynamically imported module|module script|preload|Failed to fetch|Load failed/i;
  return message === undefined || isPart.test(message) ? 'part-missing' : 'app-failed';
}
