import type { Model } from '@potluck/api';

/** False for encoders, which nobody chats with; true for what is not known. */
export function writesText(model: Pick<Model, 'task'> | undefined): boolean {
  return (model?.task ?? 'chat') === 'chat';
}
