/** API keys and join tokens, as people read them. */
import type { KeyLimits } from '@potluck/api';
import { counted } from '#lib/format/counted.ts';
import { locale } from '#lib/language/language.ts';
import { comma } from '#lib/language/marks.ts';

/** What API keys and join tokens have in common. */
export interface Secret {
  id: string;
  name: string;
  prefix: string;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

/** What a secret's state is, in a few words. */
export function describeSecret({ expiresAt, revokedAt, lastUsedAt }: Secret): string {
  const day = (at: number): string => new Date(at).toLocaleDateString(locale);
  const used =
    lastUsedAt === null ? 'never used' : `last used ${new Date(lastUsedAt).toLocaleString(locale)}`;
  if (revokedAt !== null) return `revoked ${day(revokedAt)}, ${used}`;
  if (expiresAt === null) return used;
  return expiresAt < Date.now() ? `expired ${day(expiresAt)}, ${used}` : `expires ${day(expiresAt)}, ${used}`;
}

/** The end of a day that a date field names; null for an empty field. */
export function endOfDay(date: string): number | null {
  return date === '' ? null : new Date(`${date}T23:59:59`).getTime();
}

/** A day as a date field has it, so many days from now. */
export function dateIn(days: number, now = new Date()): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${day.getFullYear()}-${part(day.getMonth() + 1)}-${part(day.getDate())}`;
}

/** What a key may do at most, in a few words each. */
export function describeLimits(limits: KeyLimits): string[] {
  const { requestsPerMinute, concurrentRequests, tokensPerDay, models } = limits;
  return [
    ...(requestsPerMinute === undefined
      ? []
      : [counted(requestsPerMinute, ['# request per minute', '# requests per minute'])]),
    ...(concurrentRequests === undefined ? [] : [`${concurrentRequests} at once`]),
    ...(tokensPerDay === undefined ? [] : [counted(tokensPerDay, ['# token per day', '# tokens per day'])]),
    ...(models === undefined ? [] : [`only ${models.join(comma)}`]),
  ];
}
