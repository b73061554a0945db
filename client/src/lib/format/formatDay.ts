import { locale } from '#lib/language/language.ts';

const dayMs = 86_400_000;
const months = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric' });

/** When something was, for a heading: `Today`, `Yesterday`, `Last 7 days`, or the month. @param now Unix milliseconds */
export function formatDay(at: number, now = Date.now()): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  if (at >= midnight) return 'Today';
  if (at >= midnight - dayMs) return 'Yesterday';
  if (at >= midnight - 7 * dayMs) return 'Last 7 days';
  return months.format(at);
}
