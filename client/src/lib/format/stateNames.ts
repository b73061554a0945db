/** What states are called. Words alone are not collected for translation, so these say that they are texts. */
import type { Import, Link, RequestSummary } from '@potluck/api';

export const requestStatusNames: Record<RequestSummary['status'], string> = /* @wc-include */ {
  running: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
  refused: 'refused',
};

export const importStateNames: Record<Import['state'], string> = /* @wc-include */ {
  waiting: 'waiting',
  downloading: 'downloading',
  importing: 'importing',
  done: 'done',
  failed: 'failed',
  paused: 'paused',
};

export const linkStateNames: Record<Link['state'], string> = /* @wc-include */ {
  connecting: 'connecting',
  direct: 'direct',
  relayed: 'relayed',
  lost: 'lost',
};
