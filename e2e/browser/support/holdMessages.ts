/**
 * A script for the engine's web worker, run before the engine: what comes waits for `hold`, whether at the worker itself or at the
 * port of a stage (`packages/engine/src/rpc/lane.ts`).
 * @param hold a function as text: of a message's data, to a promise, or to undefined where the message need not wait
 */
export const holdMessages = (hold: string): string => `
{
  const hold = ${hold};
  const obedient = (listener) => async (event) => {
    const wait = hold(event.data);
    if (wait) await wait;
    listener(event);
  };
  const { addEventListener } = self;
  self.addEventListener = (type, listener, ...rest) =>
    addEventListener.call(self, type, type === 'message' ? obedient(listener) : listener, ...rest);
  const { set, ...onmessage } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
  Object.defineProperty(MessagePort.prototype, 'onmessage', {
    ...onmessage,
    set(listener) {
      // Ports of stages bring lists of calls; others are the engine's own.
      set.call(this, listener && ((event) => (Array.isArray(event.data) ? obedient(listener) : listener)(event)));
    },
  });
}
`;
