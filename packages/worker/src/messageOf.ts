/** What an unknown thrown value says, for a reason that a person reads. Cut to what a control message may carry. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > 1500 ? `${text.slice(0, 1500)}…` : text;
}
