// Runs before the first paint, so that a chosen theme does not flash. See src/lib/theme/theme.svelte.ts.
try {
  const theme = localStorage.getItem('potluck:theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's theme it is.
}
