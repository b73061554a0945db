/**
 * Every message, frame and id that crosses a process: schemas, encoders and decoders. No I/O.
 *
 * @example
 * const message = decodeFromWorker(text); // throws ProtocolError on anything unexpected
 * if (message.type === 'token') commit(message.sessionId, message.token);
 */
export * from './call.ts';
export * from './constraint.ts';
export * from './control.ts';
export * from './encodingMessages.ts';
export * from './errors.ts';
export * from './frame.ts';
export * from './ids.ts';
export * from './hubPath.ts';
export * from './joinLink.ts';
export * from './jsonShape.ts';
export * from './model.ts';
export * from './prefillChunks.ts';
export * from './relay.ts';
export * from './sampling.ts';
export * from './sessionMessages.ts';
export * from './slices.ts';
export * from './tensorRows.ts';
export * from './workingMemory.ts';
